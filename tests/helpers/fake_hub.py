"""A small Hub on this machine: enough of its protocol for the real client to push and pull.

Repos lie in memory. Large files and weights go by LFS, as they do on the real one: up through the
batch endpoint, down through a redirect to another host. The knobs of a FakeHub make it fail.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

TOKEN = "hf_fake"
USER = "ada"
ORGANISATION = "painters"
LFS_OVER = 10 << 20  # bytes; and every .safetensors, as the Hub's .gitattributes say
COLORS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")


@dataclass
class Repo:
    """Each commit is a whole tree of files; refs are branches and tags."""

    private: bool = False
    gated: bool = False
    sdk: str | None = None
    hardware: str | None = None
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def commit(self, changes: dict[str, bytes], message: str = "a commit") -> str:
        """Adds the files on top of main; the new commit's sha."""
        files = {**self.files(), **changes}
        self.messages.append(message)
        sha = hashlib.sha1(repr((self.messages, sorted(files.items()))).encode()).hexdigest()
        self.commits[sha] = files
        self.refs["main"] = sha
        return sha

    def find(self, revision: str) -> str | None:
        sha = self.refs.get(revision, revision)
        return sha if sha in self.commits else None

    def files(self, revision: str = "main") -> dict[str, bytes]:
        sha = self.find(revision)
        return dict(self.commits[sha]) if sha else {}


@dataclass
class FakeHub:
    """The server's state. `requests` has "METHOD path" of all that was asked, in order."""

    url: str
    repos: dict[tuple[str, str], Repo] = field(default_factory=dict)
    store: dict[str, bytes] = field(default_factory=dict)  # LFS objects by sha256
    requests: list[str] = field(default_factory=list)
    # Knobs
    is_pro: bool = False  # may have Spaces on a CPU
    cut_short: set[str] = field(default_factory=set)  # paths that arrive with half their bytes
    garbled: set[str] = field(default_factory=set)  # paths that arrive with other bytes, as many
    endless: set[str] = field(default_factory=set)  # paths that do not end, with their own start
    broken: dict[str, int] = field(default_factory=dict)  # pattern of a request -> status
    trouble: str = "this hub is told to fail here"  # the message of a broken request
    info: dict[str, Any] = field(default_factory=dict)  # changes the answer about any repo
    sent: int = 0  # bytes of endless files

    def add(self, repo_id: str, files: dict[str, bytes], kind: str = "model", **how: Any) -> Repo:
        repo = self.repos[kind, repo_id] = Repo(**how)
        repo.commit(files)
        return repo

    def is_lfs(self, path: str, size: int) -> bool:
        return path.endswith(".safetensors") or size > LFS_OVER

    def asked(self, pattern: str) -> list[str]:
        return [request for request in self.requests if re.search(pattern, request)]


@contextmanager
def serve_hub() -> Iterator[FakeHub]:
    class Handler(FakeHubHandler):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Handler.hub = FakeHub(f"http://127.0.0.1:{server.server_port}")
    Handler.cdn = f"http://localhost:{server.server_port}/cdn"  # another host, in the client's eyes
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield Handler.hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class FakeHubHandler(BaseHTTPRequestHandler):
    hub: FakeHub
    cdn: str
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.route("GET")

    def do_HEAD(self) -> None:
        self.route("HEAD")

    def do_POST(self) -> None:
        self.route("POST")

    def do_PUT(self) -> None:
        self.route("PUT")

    # ---- what comes in ------------------------------------------------------------------

    def route(self, method: str) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        path = unquote(url.path)
        request = f"{method} {path}"
        self.hub.requests.append(request)
        self.token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        for pattern, status in self.hub.broken.items():
            if re.search(pattern, request):
                return self.refuse(status, message=self.hub.trouble)
        if self.token and self.token != TOKEN:
            return self.refuse(401, message="Invalid credentials in Authorization header")
        for verb, pattern, answer in ROUTES:
            found = re.fullmatch(pattern, path)
            if found and method in verb.split():
                return answer(self, parse_qs(url.query), **found.groupdict())
        self.refuse(404, message=f"no such route: {request}")

    def find_repo(self, kind: str, repo: str) -> Repo | None:
        """The repo, where the one who asks may know of it; else the refusal is sent."""
        found = self.hub.repos.get((kind, repo))
        if found is None or (found.private and not self.token):
            # The real one does not tell a stranger whether a private repo is there
            self.refuse(404 if self.token else 401, "RepoNotFound", "Repository not found")
            return None
        return found

    # ---- what goes out ------------------------------------------------------------------

    def send(self, status: int, content: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def answer(self, value: Any, status: int = 200, **headers: str) -> None:
        self.send(status, json.dumps(value).encode(), Content_Type="application/json", **headers)

    def refuse(self, status: int, code: str = "", message: str = "") -> None:
        headers = {"X_Error_Code": code} if code else {}
        self.answer({"error": message}, status, X_Error_Message=message, **headers)

    # ---- routes -------------------------------------------------------------------------

    def whoami(self, _: dict) -> None:
        if not self.token:
            return self.refuse(401, message="Invalid username or password.")
        self.answer({"type": "user", "name": USER, "orgs": [{"name": ORGANISATION}]})

    def create_repo(self, _: dict) -> None:
        asked = json.loads(self.body)
        owner = asked["organization"] or USER
        repo_id, kind = f"{owner}/{asked['name']}", asked.get("type", "model")
        if not self.token:
            return self.refuse(401, message="Invalid username or password.")
        if owner not in (USER, ORGANISATION):
            return self.refuse(403, message=f"You don't have the rights to create under {owner}")
        if (kind, repo_id) in self.hub.repos:
            there = {"error": "You already created this repo", "url": self.page(kind, repo_id)}
            return self.answer(there, 409)
        private = asked.get("visibility") == "private"
        sdk, hardware = asked.get("sdk"), asked.get("hardware")
        if kind == "space" and sdk == "gradio" and not self.hub.is_pro:
            if hardware != "zero-a10g":
                return self.refuse(402, message="CPU Spaces need a PRO subscription")
            on_zero = [r for r in self.hub.repos.values() if r.hardware == hardware]
            if len(on_zero) >= 2:
                return self.refuse(403, message="You have reached the limit of ZeroGPU Spaces")
        repo = Repo(private, sdk=sdk, hardware=hardware)
        self.hub.repos[kind, repo_id] = repo
        repo.commit({".gitattributes": b"*.safetensors filter=lfs\n"}, "initial commit")
        self.answer({"url": self.page(kind, repo_id)})

    def page(self, kind: str, repo_id: str) -> str:
        return f"{self.hub.url}/{'spaces/' if kind == 'space' else ''}{repo_id}"

    def validate_yaml(self, _: dict) -> None:
        asked = json.loads(self.body)
        errors = check_front_matter(asked["content"], asked["repoType"])
        self.answer({"errors": errors, "warnings": []}, 400 if errors else 200)

    def repo_info(self, query: dict, kind: str, repo: str, revision: str = "main") -> None:
        found = self.find_repo(kind, repo)
        if found is None:
            return
        sha = found.find(revision)
        if sha is None:
            return self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        siblings = []
        for path, content in found.commits[sha].items():
            entry: dict[str, Any] = {"rfilename": path}
            if "blobs" in query:
                entry |= {"size": len(content), "blobId": git_oid(content)}
                if self.hub.is_lfs(path, len(content)):
                    entry["lfs"] = {"sha256": sha256(content), "size": len(content)}
                    entry["lfs"]["pointerSize"] = 134
            siblings.append(entry)
        names = {"id": repo, "modelId": repo, "private": found.private, "gated": found.gated}
        answer = {**names, "sha": sha, "siblings": siblings, "tags": [], "downloads": 0}
        self.answer({**answer, **self.hub.info})

    def resolve(self, _: dict, repo: str, revision: str, path: str, kind: str = "model") -> None:
        found = self.find_repo(kind, repo)
        if found is None:
            return
        if found.gated:
            return self.refuse(403 if self.token else 401, "GatedRepo", "Access is restricted")
        sha = found.find(revision)
        if sha is None:
            return self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        if path not in found.commits[sha]:
            return self.refuse(404, "EntryNotFound", "Entry not found")
        content = found.commits[sha][path]
        if self.hub.is_lfs(path, len(content)):
            oid = sha256(content)
            self.hub.store[oid] = content
            return self.send(
                302,
                Location=f"{self.cdn}/{oid}/{path}",
                X_Repo_Commit=sha,
                X_Linked_ETag=f'"{oid}"',
                X_Linked_Size=str(len(content)),
            )
        etag: dict[str, Any] = {"ETag": f'"{git_oid(content)}"', "X_Repo_Commit": sha}
        if self.command == "HEAD":
            return self.send(200, Content_Length=str(len(content)), **etag)
        if path in self.hub.endless:
            return self.send_without_end(content, **etag)
        self.send(200, self.spoil(path, content), **etag)

    def serve_lfs(self, _: dict, oid: str, path: str) -> None:
        if self.token:
            return self.refuse(400, message="a token was sent to a host that is not the Hub")
        if path in self.hub.endless and self.command == "GET":
            return self.send_without_end(self.hub.store[oid])
        self.send(200, self.spoil(path, self.hub.store[oid]))

    def send_without_end(self, start: bytes, **headers: str) -> None:
        """Sends 256 MB, or until the client hangs up."""
        self.close_connection = True
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(start)
            for _ in range(256):
                self.wfile.write(b"x" * (1 << 20))
                self.hub.sent += 1 << 20

    def spoil(self, path: str, content: bytes) -> bytes:
        if path in self.hub.cut_short:
            return content[: len(content) // 2]
        if path in self.hub.garbled:
            return bytes(byte ^ 1 for byte in content)
        return content

    def preupload(self, _: dict, kind: str, repo: str, revision: str) -> None:
        found = self.find_repo(kind, repo)
        if found is None:
            return
        here = found.files(revision)
        answers = []
        for file in json.loads(self.body)["files"]:
            path = file["path"]
            mode = "lfs" if self.hub.is_lfs(path, file["size"]) else "regular"
            entry = {"path": path, "uploadMode": mode, "shouldIgnore": False}
            if path in here:
                entry["oid"] = (sha256 if mode == "lfs" else git_oid)(here[path])
            answers.append(entry)
        self.answer({"files": answers})

    def lfs_batch(self, _: dict, repo: str, kind: str = "model") -> None:
        objects = []
        for wanted in json.loads(self.body)["objects"]:
            oid = wanted["oid"]
            if oid not in self.hub.store:
                wanted["actions"] = {"upload": {"href": f"{self.hub.url}/lfs/{oid}"}}
            objects.append(wanted)
        self.answer({"transfer": "basic", "objects": objects})

    def take_lfs(self, _: dict, oid: str) -> None:
        if sha256(self.body) != oid:
            return self.refuse(400, message="the object has another sha256")
        self.hub.store[oid] = self.body
        self.send(200)

    def commit(self, _: dict, kind: str, repo: str, revision: str) -> None:
        found = self.find_repo(kind, repo)
        if found is None:
            return
        if not self.token or repo.split("/")[0] not in (USER, ORGANISATION):
            return self.refuse(403, message="You may not write here")
        message, changes = "", {}
        for line in map(json.loads, self.body.splitlines()):
            value = line["value"]
            if line["key"] == "header":
                message = value["summary"]
            elif line["key"] == "file":
                changes[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                changes[value["path"]] = self.hub.store[value["oid"]]
            else:
                raise AssertionError(f"this hub does not know the operation {line['key']}")
        sha = found.commit(changes, message)
        self.answer({"commitUrl": f"{self.page(kind, repo)}/commit/{sha}", "commitOid": sha})


REPO = r"(?P<repo>[^/]+/[^/]+)"
API = rf"/api/(?P<kind>model|space|dataset)s/{REPO}"
GIT = rf"/(?:(?P<kind>space|dataset)s/)?{REPO}"
H = FakeHubHandler


def either_kind(answer: Any) -> Any:
    """Outside of /api a model has no prefix."""

    def with_kind(self: H, query: dict, kind: str | None, **parts: str) -> None:
        answer(self, query, kind=kind or "model", **parts)

    return with_kind


ROUTES = [
    ("GET", r"/api/whoami-v2", H.whoami),
    ("POST", r"/api/repos/create", H.create_repo),
    ("POST", r"/api/validate-yaml", H.validate_yaml),
    ("GET", API, H.repo_info),
    ("GET", rf"{API}/revision/(?P<revision>.+)", H.repo_info),
    ("POST", rf"{API}/preupload/(?P<revision>.+)", H.preupload),
    ("POST", rf"{API}/commit/(?P<revision>.+)", H.commit),
    ("POST", rf"{GIT}\.git/info/lfs/objects/batch", either_kind(H.lfs_batch)),
    ("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})", H.take_lfs),
    ("GET", r"/cdn/(?P<oid>[0-9a-f]{64})/(?P<path>.+)", H.serve_lfs),
    ("GET HEAD", rf"{GIT}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", either_kind(H.resolve)),
]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def git_oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def read_front_matter(text: str) -> dict[str, Any]:
    """The YAML between the two lines of dashes that a README begins with; {} where it has none."""
    found = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    return yaml.safe_load(found[1]) if found else {}


def check_front_matter(text: str, kind: str) -> list[dict[str, str]]:
    """What the Hub would refuse in a README, as far as its reference page says."""
    try:
        values = read_front_matter(text)
    except yaml.YAMLError as error:
        return [{"message": f"the front matter is no YAML: {error}"}]
    rules = {
        "a table": isinstance(values, dict),
        "a licence in words": isinstance(values.get("license", ""), str),
        "tags as a list": isinstance(values.get("tags", []), list),
    }
    if kind == "space":
        rules |= {
            "sdk": values.get("sdk") in ("gradio", "docker", "static"),
            "colorFrom": values.get("colorFrom", "red") in COLORS,
            "colorTo": values.get("colorTo", "red") in COLORS,
            "short_description of at most 60": len(values.get("short_description", "")) <= 60,
            "models as a list": isinstance(values.get("models", []), list),
            "preload_from_hub as a list": isinstance(values.get("preload_from_hub", []), list),
        }
    return [{"message": f"expected {rule}"} for rule, holds in rules.items() if not holds]
