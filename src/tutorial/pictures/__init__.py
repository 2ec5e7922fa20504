"""The pictures of the README and the book, each taken of a real run."""
