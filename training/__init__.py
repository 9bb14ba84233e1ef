"""How the embedded model and the numbers of ``detect/weights`` are made. See README.md. Not part of the product."""
