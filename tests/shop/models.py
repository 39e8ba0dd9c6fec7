"""The model of docs/howto/recipes.rst, and its history."""

from tests.support.recipes import recipe

exec(recipe("Recipes"))
exec(recipe("django-simple-history"))
