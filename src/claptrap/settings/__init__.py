"""What a person chose: one checked document, kept safely."""
