"""A token's life on a real server, told in a terminal."""
