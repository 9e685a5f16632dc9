"""What operators do with deliveries: find, replay, export, follow, and keep out of sight what nobody needs to see."""
