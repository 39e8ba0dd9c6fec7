"""An app with the model of the recipes, which the tests install for themselves only."""
