"""Scripts that measure quality and speed; nothing here is installed or imported by the product."""
