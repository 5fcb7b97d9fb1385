"""What is made of the sources before a release: `python -m tools.client` makes the browser client."""
