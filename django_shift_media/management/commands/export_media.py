from django_shift_media.management.commands.import_media import Command as ImportCommand


class Command(ImportCommand):
    help = (
        "Copy the files of a MediaField to an ImageField or FileField of the same model, on any"
        " storage, for all rows where the other field is empty. Each copy is verified; the media"
        " are kept."
    )
    into_media = False
