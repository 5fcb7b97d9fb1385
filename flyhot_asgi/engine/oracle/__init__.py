"""What a cold import gives: a release imported in fresh processes and described. The side upgrades are held to."""
