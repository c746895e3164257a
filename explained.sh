"" capture show --explained --last 8 many.btsnoop >/dev/null
