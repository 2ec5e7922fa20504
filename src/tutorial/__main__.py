from tutorial.cli import app

app(prog_name="tutorial")
