"""What a notebook imports: ``from tutorial.notebook import lesson``."""

from tutorial.notebook.lessons import Lesson

__all__ = ["lesson"]

lesson = Lesson()
