"""The deployer's desk: joins the fly CLI and fly.toml with the commands over the fleet, here or on a temporary
machine."""
