"""Images and their publication; plugs into `recipe_runner` through entry points."""
