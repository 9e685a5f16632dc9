"""The vendors' stand-ins: stateful HTTP simulators that answer, remember, fail and call back as the vendors do."""
