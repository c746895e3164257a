tshark -n -r twentieth.btsnoop >/dev/null 2>&1 || true
