"""One HTTP request and what comes of it: where it goes, what it says, through whom, and the answer."""
