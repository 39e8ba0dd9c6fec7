import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from html import unescape
from pathlib import Path
from textwrap import indent
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat

from demo.uploads import ANIMATION, STILLS, Drawn

MANAGE = settings.BASE_DIR / "manage.py"
BUCKET = "photos"
USER = PASSWORD = "demo"


class Command(BaseCommand):
    help = (
        "Run the gallery on an S3 server in memory. Configures a bucket, uploads photos, shows how"
        " their resizes reach a browser at the first and at the second view, and keeps running"
        " until you press Ctrl-C. Needs no account."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "photos", nargs="*", type=Path, help="your photos (default: photos drawn by the demo)"
        )
        parser.add_argument("--port", type=int, default=8000, help="port (default: 8000)")
        parser.add_argument("--once", action="store_true", help="exit after the second view")

    def handle(self, *, photos, port, once, **options):
        try:
            import requests

            from django_shift_media.testing import S3Emulator

            emulator = S3Emulator()
        except ImportError as error:
            raise CommandError('The demo needs moto: pip install -e ".[demo]"') from error
        if missing := [str(path) for path in photos if not path.is_file()]:
            raise CommandError(f"File not found: {', '.join(missing)}")
        for name in ("SIGTERM", "SIGHUP"):
            if hasattr(signal, name):  # Windows has no SIGHUP
                signal.signal(getattr(signal, name), lambda *_: sys.exit(1))  # ends the gallery
        with ExitStack() as stack:
            s3 = stack.enter_context(emulator)
            data = stack.enter_context(tempfile.TemporaryDirectory())
            self.session = requests.Session()
            self.site = f"http://127.0.0.1:{self.free_port(port)}/"
            self.environment = environment(s3, data)
            drawing = stack.enter_context(ThreadPoolExecutor())
            uploads = [(photo, drawing.submit(photo.draw)) for photo in chosen(photos)]
            self.heading("Configure a bucket")
            self.write(f"  S3 server       {s3.endpoint_url}")
            self.write(f"  bucket website  {s3.website_url(BUCKET)}")
            self.manage("migrate", "--verbosity=0")
            self.manage("createsuperuser", "--no-input", "--verbosity=0", show=False)
            self.manage(
                "configure_media_bucket",
                "--no-input",
                "--create",
                "--private-originals",
                f"--app-url={self.site}",
            )
            stack.callback(stop, self.serve())
            self.heading("Upload photos")
            self.log_in()
            for photo, content in uploads:
                self.upload(photo, content.result())
            self.heading("View them")
            self.measure()
            if not once:
                self.heading("See it")
                self.write(f"  Tour     {self.site}tour/")
                self.write(f"  Gallery  {self.site}")
                self.write(f"  Admin    {self.site}admin/  (user {USER}, password {PASSWORD})")
                self.write("\nPress Ctrl-C to stop. The photos are in memory and will be gone.")
                self.wait()

    def write(self, text):
        self.stdout.write(text)
        self.stdout.flush()

    def heading(self, text):
        self.write(self.style.MIGRATE_HEADING(f"\n{text}"))

    def free_port(self, wanted):
        """Return the wanted port, or another one if it is in use."""
        for port in (wanted, 0):
            with socket.socket() as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    listener.bind(("127.0.0.1", port))
                except OSError:
                    self.stderr.write(f"Port {port} is in use, taking another one.")
                    continue
                return listener.getsockname()[1]
        raise CommandError("No port is free.")

    def manage(self, *arguments, show=True):
        if show:
            self.write(f"\n  $ manage.py {' '.join(arguments)}")
        result = subprocess.run(
            [sys.executable, MANAGE, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if result.returncode:
            raise CommandError(f"manage.py {arguments[0]} failed:\n{result.stdout}")
        if result.stdout:
            # The plan is long: show what came of it.
            messages = result.stdout.rpartition("\n\n")[2]
            self.write(indent(messages.rstrip(), "    "))

    def serve(self):
        """Start the gallery and return its process, once it answers."""
        command = [sys.executable, MANAGE, "runserver", "--noreload", urlsplit(self.site).netloc]
        with Path(self.environment["GALLERY_DATA"], "server.log").open("wb") as log:
            server = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        while True:
            if server.poll() is not None:
                raise CommandError(f"The gallery did not start:\n{Path(log.name).read_text()}")
            try:
                self.session.get(self.site, timeout=60)
            except OSError:
                time.sleep(0.1)
            else:
                return server

    def log_in(self):
        page = f"{self.site}admin/login/"
        self.session.get(page)
        self.post(page, {"username": USER, "password": PASSWORD, "next": "/admin/"})

    def upload(self, photo, content):
        """Send a photo through the form of the admin, as an editor does."""
        answer = self.post(
            f"{self.site}admin/gallery/photo/add/",
            {
                "title": photo.title,
                "focal_point": photo.focal_point,
                "attachment_set-TOTAL_FORMS": 0,
                "attachment_set-INITIAL_FORMS": 0,
            },
            files={"photo": (photo.name, content)},
            allow_redirects=False,
        )
        if answer.status_code != 302:
            errors = " ".join(re.findall(r'<ul class="errorlist".*?</ul>', answer.text, re.DOTALL))
            raise CommandError(f"{photo.name}: {unescape(re.sub('<[^>]*>', '', errors))}")
        self.write(f"  {photo.name:<26} {size(len(content)):>9}  {photo.title}")

    def measure(self):
        """Let the tour measure the files that it shows, and print what it found."""
        page = self.session.get(f"{self.site}tour/").text
        for url in re.findall(r'name="url" value="([^"]+)"', page):
            answer = self.post(
                f"{self.site}tour/measure/",
                {"url": unescape(url)},
                headers={"Accept": "application/json"},
            )
            answer.raise_for_status()
            figures = answer.json()
            self.write(f"\n  …/{'/'.join(figures['url'].split('/')[-2:])}")
            for title, view in zip(("first view", "second view"), figures["views"], strict=True):
                for number, hop in enumerate(view["hops"]):
                    self.write(self.line(title if number == 0 else "", hop))
                total = f"{view['milliseconds']:.0f} ms"
                self.write(f"    {'':<12} {'total':<10} {total:>9}  {size(view['bytes'])}")

    def line(self, title, hop):
        text = f"    {title:<12} {hop['server']:<6} {hop['status']} {hop['milliseconds']:>6.0f} ms"
        if hop["status"] == 200:
            return f"{text}  {hop['content_type']}, {hop['cache_control']}"
        return f"{text}  {MEANINGS.get(hop['status'], '')}".rstrip()

    def post(self, url, data, **options):
        token = self.session.cookies["csrftoken"]
        return self.session.post(url, data={"csrfmiddlewaretoken": token, **data}, **options)

    def wait(self):
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            self.write("")


MEANINGS = {
    301: "made and stored: back to the bucket",
    302: "not served: ask the app",
    404: "not a signed resize: refused",
}


def environment(s3, data):
    website = s3.website_url(BUCKET)
    images = f"{website} {s3.endpoint_url} data: blob:"
    return {
        **os.environ,
        "AWS_ACCESS_KEY_ID": s3.access_key,
        "AWS_SECRET_ACCESS_KEY": s3.secret_key,
        "DJANGO_SUPERUSER_USERNAME": USER,
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        "DJANGO_SUPERUSER_EMAIL": "demo@example.com",
        "GALLERY_DATA": data,
        "GALLERY_POLICY": "default-src 'self'; style-src-attr 'unsafe-inline';"
        f" img-src 'self' {images}",
        "GALLERY_S3_BUCKET": BUCKET,
        "GALLERY_S3_ENDPOINT_URL": s3.endpoint_url,
        "GALLERY_S3_PRIVATE": "yes",
        "GALLERY_S3_PUBLIC_URL": website,
    }


def chosen(paths):
    """Return what to upload: the user's own photos, or drawn ones; and an animation."""
    own = [Drawn(path.name, path.stem, path.read_bytes) for path in paths]
    return [*(own or STILLS), ANIMATION]


def size(number):
    return filesizeformat(number).replace("\xa0", " ")


def stop(process):
    process.terminate()
    process.wait()
