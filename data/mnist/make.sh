#!/bin/sh
# Writes the four files of this folder again, from the whole of MNIST: make.sh FROM TO
#
# FROM holds the four files under their standard names, plain or with .gz; TO exists. The bytes are those of GNU gzip.
set -eu
from=$1
to=$2

whole() {
  if [ -f "$from/$1" ]; then cat "$from/$1"; else gzip -dc "$from/$1.gz"; fi
}

# The first items of a file, their number in its header: name, number in octal, bytes that follow the number.
first() {
  if ! [ -f "$from/$1" ] && ! [ -f "$from/$1.gz" ]; then
    echo "$from holds neither $1 nor $1.gz" >&2
    exit 1
  fi
  {
    whole "$1" | head -c 4
    printf "$2"
    whole "$1" | tail -c +9 | head -c "$3"
  } | gzip -9n > "$to/$1.gz"
}

first train-images-idx3-ubyte '\000\000\017\240' $((8 + 4000 * 28 * 28))
first train-labels-idx1-ubyte '\000\000\017\240' 4000
first t10k-images-idx3-ubyte '\000\000\003\350' $((8 + 1000 * 28 * 28))
first t10k-labels-idx1-ubyte '\000\000\003\350' 1000
