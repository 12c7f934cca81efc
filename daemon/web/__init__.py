"""What people open in a browser: values in, HTML, SVG, JSON and feeds out."""
