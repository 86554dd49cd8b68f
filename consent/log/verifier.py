"""python verifier.py [NAME+ID+KEY]: checks records of a consent against the site's signed log.
The key, as the site publishes it, may be given; else the one in key.txt is believed.
Formats: c2sp.org/tlog-proof, tlog-checkpoint, signed-note; RFC 9162, 2.1.3.2; RFC 8032, 5.1.7.
"""

import base64, hashlib, json, pathlib, re, sys

P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT = -121665 * pow(121666, P - 2, P) % P, pow(2, (P - 1) // 4, P)

def need(fact, message):
    fact or sys.exit(f"NOT PROVEN: {message}")

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def add(a, b):  # points of the curve, in extended coordinates
    one, two = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    three, four = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = two - one, four - three, four + three, two + one
    return e * f % P, g * h % P, f * g % P, e * h % P

def times(number, a):
    total = (0, 1, 1, 0)
    while number:
        total = add(total, a) if number & 1 else total
        a, number = add(a, a), number >> 1
    return total

def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * ROOT % P
    need(y < P and (x * x - square) % P == 0 and (x or not sign), "a key or signature is none")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P

def is_signed(key, text, signature):
    a, r, s = point(key), point(signature[:32]), int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % Q
    base = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    left, right = times(s, base), add(r, times(h, a))
    same = all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))
    return len(signature) == 64 and s < Q and same

def unpacked(text):
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, f"{text} is not written as it should be")
    return data

def root_from(leaf, place, size, path):
    last = size - 1
    for other in path:
        need(last, "a proof is too long")
        right = place & 1 or place == last
        leaf = sha256(b"\x01", other, leaf) if right else sha256(b"\x01", leaf, other)
        while right and not place & 1 and place:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    need(not last, "a proof is too short")
    return leaf

def check(name, body, file, key):
    proof, text, under = file.split("\n\n")
    head, salt, index, *path = proof.split("\n")
    _, size, root, *_ = text.split("\n")
    owner, number, packed = key.split("+", 2)
    public = unpacked(packed)
    need(sha256(owner.encode(), b"\n", public)[:4].hex() == number, "the key was changed")
    line = re.fullmatch(f"— {re.escape(owner)} (\\S+)\n", under)
    signature = unpacked(line[1]) if line else b""
    good = is_signed(public[1:], f"{text}\n".encode(), signature[4:]) if line else False
    need(good and signature[:4].hex() == number, f"{name}: the key has not signed the checkpoint")
    need(head == "c2sp.org/tlog-proof@v1" and salt[:6] == "extra " and index[:6] == "index ", name)
    leaf, place = sha256(b"\x00", unpacked(salt[6:]), body), int(index[6:])
    need(str(place) == index[6:] and 0 <= place < int(size), f"{name} has no place in the log")
    found = root_from(leaf, place, int(size), list(map(unpacked, path)))
    need(found == unpacked(root), f"{name} is not in the log so")

def main(folder, key):
    files = {f.relative_to(folder).as_posix(): f for f in folder.rglob("*") if f.is_file()}
    key, known = key or files["key.txt"].read_text("utf-8").rstrip("\n"), {"verifier.py", "key.txt"}
    for name in sorted(n for n in files if n.endswith(".json")):
        body, proof = files[name].read_bytes(), name[:-5] + ".tlog-proof"
        check(name, body, files[proof].read_text("utf-8"), key)
        artifacts = {f"artifacts/{digest}" for digest in json.loads(body).get("artifacts", [])}
        for f in artifacts:
            need(f in files and sha256(files[f].read_bytes()).hex() == f[10:], f"{f} was changed")
        known |= {name, proof} | artifacts
    need(set(files) == known, f"{sorted(set(files) ^ known)} are missing or do not belong here")
    print(f"Proven: every record here is in the log whose key is {key}")

if __name__ == "__main__":
    try:
        main(pathlib.Path(__file__).parent, " ".join(sys.argv[1:]))
    except (ValueError, LookupError, TypeError, AttributeError) as fault:
        sys.exit(f"NOT PROVEN: a file is not as it should be: {fault}")
