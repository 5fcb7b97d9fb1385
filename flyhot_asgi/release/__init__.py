"""What a release is, and the folder store that keeps releases. Standard library only; knows no ASGI."""
