#!/bin/sh
# Makes the two subset fonts from Debian's fonts-dejavu-core 2.37-6 with fonttools 4.68.0.
# Run it in this folder; SOURCE may name another place of the full fonts.
set -eu
SOURCE=${SOURCE:-/usr/share/fonts/truetype/dejavu}
# Basic Latin, Latin-1, thin spaces, dashes, quotes, bullet, ellipsis, arrows, minus,
# comparison signs, infinity, Delta, mu, tick and cross.
SIGNS=U+0020-007E,U+00A0-00FF,U+2009,U+202F,U+2013,U+2014,U+2018,U+2019,U+201C,U+201D,U+2022,U+2026
SIGNS=$SIGNS,U+2190,U+2192,U+2212,U+2248,U+2264,U+2265,U+221E,U+0394,U+03BC,U+2713,U+2717
for font in DejaVuSans DejaVuSans-Bold; do
    # No hinting: glyphs are drawn at twice the density. The `kern` table, not GPOS: that is what
    # the renderer reads. Name 13 keeps the licence inside the file, so inside the binary too.
    # No new modification time in `head`: the same input gives the same bytes.
    pyftsubset "$SOURCE/$font.ttf" --unicodes="$SIGNS" --no-hinting --layout-features= --legacy-kern \
        --drop-tables+=GSUB,GPOS,GDEF,MATH,FFTM,gasp --name-IDs=0,1,2,4,5,6,13 --name-languages=0x409 \
        --no-recalc-timestamp --notdef-outline --output-file="$font-subset.ttf"
done
sha256sum ./*-subset.ttf > SHA256SUMS
