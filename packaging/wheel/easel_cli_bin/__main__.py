"""`python -m easel_cli_bin` runs the binary."""
import os
import subprocess
import sys

from easel_cli_bin import find_easel_bin


def main():
    try:
        easel = find_easel_bin()
    except FileNotFoundError as error:
        sys.exit(f"easel: {error}")
    if os.name == "nt":
        # Windows has no exec: the shell would go on as soon as the interpreter ends.
        sys.exit(subprocess.run([easel, *sys.argv[1:]]).returncode)
    os.execv(easel, [easel, *sys.argv[1:]])


if __name__ == "__main__":
    main()
