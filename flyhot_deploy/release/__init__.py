"""What travels to a fleet: files, the terms on which they may be used, and who signed for both. Knows no store."""
