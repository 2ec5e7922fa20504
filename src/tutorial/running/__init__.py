"""A part on a real server: started, watched, its clock moved, and always stopped."""
