"""What ClapTrap says to people, as data: one JSON file per language."""
