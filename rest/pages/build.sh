#!/bin/sh
# Renews assets/ from the pinned npm package: npm ci --ignore-scripts && npm run build.
# gzip -n leaves out name and time, so the same package gives the same bytes.
set -eu
cd "$(dirname "$0")"
from=node_modules/swagger-ui-dist
for f in swagger-ui-bundle.js swagger-ui.css; do
	gzip -9 -n -c "$from/$f" > "assets/$f.gz"
done
cat "$from/LICENSE" "$from/NOTICE" "$from/swagger-ui-bundle.js.LICENSE.txt" > assets/LICENSE.swagger-ui.txt
