#!/bin/sh
# Builds hello.elf with GNU as and ld: build.sh [DIRECTORY]
set -e
here=$(dirname "$0")
out=${1:-.}
as --32 -o "$out/hello.o" "$here/hello.s"
ld -m elf_i386 -Ttext=0x100000 -o "$out/hello.elf" "$out/hello.o"
