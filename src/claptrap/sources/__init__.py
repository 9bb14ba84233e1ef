"""Where sound comes from. Siblings that do not know each other, one file a kind."""
