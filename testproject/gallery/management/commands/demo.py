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
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gallery.drawings import draw_photo

MANAGE = settings.BASE_DIR / "manage.py"
REDIRECTS = {301, 302, 307, 308}


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
            self.website_address = s3.website_address
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
            while url:
                url = self.hop(url)

    def hop(self, url):
        parts = urlsplit(url)
        in_app = url.startswith(self.site)
        # *.localhost is this machine, but not every resolver knows.
        host, port = (parts.hostname, parts.port) if in_app else self.website_address
        started = time.perf_counter()
        answer = self.session.get(
            f"http://{host}:{port}{parts.path}",
            headers={"Host": parts.netloc},
            allow_redirects=False,
        )
        milliseconds = 1000 * (time.perf_counter() - started)
        who = "app" if in_app else "bucket"
        size = f"{len(answer.content):,} bytes"
        line = f"  {answer.status_code}  {who:<6} {milliseconds:6.0f} ms {size:>14}"
        if answer.status_code in REDIRECTS:
            target = urljoin(url, answer.headers["Location"])
            self.write(f"{line}  Location: {target}")
            return target
        headers = answer.headers
        self.write(f"{line}  {headers['Content-Type']}, {headers.get('Cache-Control', '')}")
        return None

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
