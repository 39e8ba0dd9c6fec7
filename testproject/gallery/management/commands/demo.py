import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from django_shift_media.diagnostics.http_trace import follow
from gallery.drawings import draw_photo

MANAGE = settings.BASE_DIR / "manage.py"


class Command(BaseCommand):
    help = (
        "Show the whole loop on an S3 that needs no account: configure a bucket, upload photos,"
        " follow their first and second view, and leave the gallery running."
    )

    def add_arguments(self, parser):
        parser.add_argument("photos", nargs="*", type=Path, help="yours; else some are drawn")
        parser.add_argument("--port", type=int, default=8000, help="of the gallery (8000)")
        parser.add_argument("--once", action="store_true", help="end after the second view")

    def handle(self, *, photos, port, once, **options):
        try:
            import requests

            from django_shift_media.testing import S3Emulator

            emulator = S3Emulator()
        except ImportError as error:
            raise CommandError('The demo needs moto: pip install -e ".[demo]"') from error
        if missing := [str(path) for path in photos if not path.is_file()]:
            raise CommandError(f"There is no file {', '.join(missing)}.")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and end the gallery, too
        with ExitStack() as stack:
            s3 = stack.enter_context(emulator)
            data = stack.enter_context(tempfile.TemporaryDirectory())
            self.session = requests.Session()
            self.site = f"http://127.0.0.1:{free_port(port)}/"
            self.environment = {
                **os.environ,
                "AWS_ACCESS_KEY_ID": s3.access_key,
                "AWS_SECRET_ACCESS_KEY": s3.secret_key,
                "GALLERY_DATA": data,
                "GALLERY_S3_BUCKET": "photos",
                "GALLERY_S3_ENDPOINT_URL": s3.endpoint_url,
                "GALLERY_S3_PUBLIC_URL": s3.website_url("photos"),
            }
            self.write(f"S3 at {s3.endpoint_url}, bucket website at {s3.website_url('photos')}")
            self.manage("migrate", "--verbosity=0")
            self.manage(
                "configure_media_bucket", "--no-input", "--create", f"--app-url={self.site}"
            )
            stack.callback(stop, self.serve())
            for name, photo in self.read(photos):
                self.upload(name, photo)
            self.view("First view")
            self.view("Second view")
            self.write(f"\nThe gallery runs at {self.site}")
            if not once:
                self.write("Ctrl-C ends it, and takes all photos along.")
                self.wait()

    def write(self, text):
        self.stdout.write(text)
        self.stdout.flush()

    def manage(self, *arguments):
        self.write(f"\n$ manage.py {' '.join(arguments)}")
        subprocess.run([sys.executable, MANAGE, *arguments], env=self.environment, check=True)

    def serve(self):
        command = [sys.executable, MANAGE, "runserver", "--noreload", urlsplit(self.site).netloc]
        with Path(self.environment["GALLERY_DATA"], "server.log").open("wb") as log:
            server = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        for _ in range(300):
            if server.poll() is not None:
                raise CommandError(f"The gallery did not start:\n{Path(log.name).read_text()}")
            try:
                self.session.get(self.site, timeout=60)
            except OSError:
                time.sleep(0.1)
            else:
                break
        return server

    def read(self, paths):
        if paths:
            return [(path.name, path.read_bytes()) for path in paths]
        self.write("\nNo photos given: drawing three, with EXIF orientation and GPS in them")
        return [
            ("harbour.jpg", draw_photo(4000, 3000, seed=1)),
            ("portrait, held on its side.jpg", draw_photo(3000, 4000, seed=2, orientation=6)),
            ("Sommer in Köln.PNG", draw_photo(1600, 1200, seed=3, format="PNG")),
        ]

    def upload(self, name, data):
        """Send a photo through the gallery's form."""
        self.session.get(self.site)
        answer = self.session.post(
            self.site,
            data={"csrfmiddlewaretoken": self.session.cookies["csrftoken"]},
            files={"photo": (name, data)},
            allow_redirects=False,
        )
        if answer.status_code != 302:
            errors = " ".join(re.findall(r'<ul class="errorlist".*?</ul>', answer.text, re.DOTALL))
            raise CommandError(f"{name} was refused: {unescape(re.sub('<[^>]*>', '', errors))}")
        self.write(f"Uploaded {name}: {len(data):,} bytes")

    def view(self, title):
        """Ask for all pictures of the gallery's page, hop by hop."""
        for url in re.findall(r'<img src="([^"]+)"', self.session.get(self.site).text):
            self.write(f"\n{title} of {url}")
            for hop in follow(url):
                self.write(self.line(hop))

    def line(self, hop):
        who = "app" if hop.url.startswith(self.site) else "bucket"
        size = f"{len(hop.body):,} bytes"
        line = f"  {hop.status}  {who:<6} {hop.milliseconds:6.0f} ms {size:>14}"
        if hop.is_redirect:
            return f"{line}  Location: {hop.location}"
        return f"{line}  {hop.content_type}, {hop.cache_control}"

    def wait(self):
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            self.write("")


def free_port(wanted):
    """Return the wanted port, or any other if it is taken."""
    for port in (wanted, 0):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return listener.getsockname()[1]
    raise CommandError("No port is free.")


def stop(process):
    process.terminate()
    process.wait()
