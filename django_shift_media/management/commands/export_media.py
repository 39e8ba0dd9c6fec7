from django_shift_media.management.commands.import_media import Command as ImportCommand


class Command(ImportCommand):
    help = (
        "Copy the files of a MediaField into an ImageField or FileField of the same model, on any"
        " storage, for all rows where that is empty. Each copy is verified; the media stay."
    )
    into_media = False
