"""Is everything here that a deploy needs? Looks, tries, and says what to mend."""
