"""Requests as their senders' documentation, or an RFC, prints them."""

from datetime import UTC, datetime

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SLACK = (
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
# (scheme, options, secret, headers, body, when): as their documentation or RFC prints them.
PUBLISHED = {
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    "github": (
        "hmac",
        {"header": "X-Hub-Signature-256", "prefix": "sha256="},
        "It's a Secret to Everybody",
        {"X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
        "Hello, World!",
        NOW,
    ),
    # https://api.slack.com/authentication/verifying-requests-from-slack
    "slack": (
        "hmac",
        {
            "header": "X-Slack-Signature",
            "prefix": "v0=",
            "signed": "v0:{timestamp}:{body}",
            "timestamp_header": "X-Slack-Request-Timestamp",
        },
        "8f742231b10e8888abcd99yyyzzz85a5",
        {
            "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
            "X-Slack-Request-Timestamp": "1531420618",
        },
        SLACK,
        datetime.fromtimestamp(1531420618, UTC),
    ),
    # https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    "standard webhooks": (
        "standard-webhooks",
        {},
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        '{"test": 2432232314}',
        datetime.fromtimestamp(1614265330, UTC),
    ),
    # https://docs.svix.com/receiving/verifying-payloads/how-manual
    "svix": (
        "standard-webhooks",
        {"prefix": "svix"},
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        {
            "svix-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "svix-timestamp": "1614265330",
            "svix-signature": "v1,bm9ldHUjKzFob2VudXRob2VodWUzMjRvdWVvdW9ldQo= "
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        '{"test": 2432232314}',
        datetime.fromtimestamp(1614265330, UTC),
    ),
    # RFC 4231, test case 2
    "sha256": (
        "hmac",
        {"header": "X-Sig"},
        "Jefe",
        {"X-Sig": "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        "what do ya want for nothing?",
        NOW,
    ),
    "sha512": (
        "hmac",
        {"header": "X-Sig", "hash": "sha512", "key_encoding": "hex"},
        "4a656665",
        {
            "X-Sig": "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        },
        "what do ya want for nothing?",
        NOW,
    ),
    # RFC 2202, test case 2
    "sha1": (
        "hmac",
        {"header": "X-Sig", "hash": "sha1", "key_encoding": "base64"},
        "SmVmZQ==",
        {"X-Sig": "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        "what do ya want for nothing?",
        NOW,
    ),
    # RFC 7617, section 2
    "basic": (
        "basic",
        {"username": "Aladdin"},
        "open sesame",
        {"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        "",
        NOW,
    ),
    # RFC 6750, section 2.1
    "bearer": ("bearer", {}, "mF_9.B5f-4.1JqM", {"Authorization": "Bearer mF_9.B5f-4.1JqM"}, "", NOW),
}
