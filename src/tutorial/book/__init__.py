"""The chapters: what each step of a page says, and the robot that follows them."""
