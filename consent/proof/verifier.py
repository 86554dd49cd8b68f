"""python -I verifier.py [KEY ...] checks all that is in its folder, with nothing but Python.
KEY is NAME+ID+BASE64, as the site publishes it; without one, the key in key.txt is believed.
Formats: c2sp.org/signed-note, tlog-checkpoint, tlog-proof, tlog-witness; RFC 9162, 2.1; RFC 8032.
"""

import base64, functools, hashlib, json, pathlib, re, sys

P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT = -121665 * pow(121666, P - 2, P) % P, pow(2, (P - 1) // 4, P)

def need(fact, message):
    return fact or sys.exit(f"NOT PROVEN: {message}")
def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def add(a, b):  # points of the curve, in extended coordinates
    one, two = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    three, four = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = two - one, four - three, four + three, two + one
    return e * f % P, g * h % P, f * g % P, e * h % P

def times(number, a):
    most = times(number >> 1, add(a, a)) if number else (0, 1, 1, 0)
    return add(most, a) if number & 1 else most

def point(data):
    sign, y = divmod(int.from_bytes(data, "little"), 2**255)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    root = pow(square, (P + 3) // 8, P)
    roots = {r * i % P for r in (root, -root) for i in (1, ROOT)}
    (x,) = [r for r in roots if r * r % P == square and r & 1 == sign and y < P]
    return x, y, 1, x * y % P

def is_signed(key, text, signature):
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % Q
    s, base = int.from_bytes(signature[32:], "little"), point(b"\x58" + b"\x66" * 31)
    sides = times(s, base), add(point(signature[:32]), times(h, point(key)))
    one, other = [[v * pow(side[2], P - 2, P) % P for v in side[:2]] for side in sides]
    return len(signature) == 64 and s < Q and one == other

def unpacked(text):
    data = base64.b64decode(text, validate=True)
    return need(base64.b64encode(data).decode() == text and data, f"{text} is not base64")

@functools.cache
def opened(note, keys):  # the lines of a text that one of the keys has signed
    text, _, under = note.rpartition("\n\n")
    for owner, number, key in (key.split("+", 2) for key in keys):
        for data in map(unpacked, re.findall(f"^— {re.escape(owner)} (.+)\n", under, re.M)):
            known = data[:4].hex() == number
            if known and is_signed(unpacked(key)[1:], f"{text}\n".encode(), data[4:]):
                return text.split("\n")
    need(False, f"the key has not signed what begins with {note[:80]!r}")

def roots_of(place, size, path, known, single):  # over what was known and over all (2.1.3, 2.1.4)
    if size == 1 or (not single and place == size - 1):
        (root,) = path if known is None else [known, *path]
        return root, root
    *rest, other = path
    half = 1 << (size - 1).bit_length() - 1
    if place < half:
        before, after = roots_of(place, half, rest, known, single)
        return before, sha256(b"\x01", after, other)
    found = roots_of(place - half, size - half, rest, known if single else None, single)
    return tuple(sha256(b"\x01", other, root) for root in found)

def main(top, *keys):
    data = {f.relative_to(top).as_posix(): f.read_bytes() for f in top.rglob("*") if f.is_file()}
    text = lambda name: data[name].decode()
    keys, newest, said = keys or tuple(text("key.txt").split()), text("checkpoint"), {}
    (head, *lines), (log, size, root, *_) = opened(text("manifest"), keys), opened(newest, keys)
    listed, size, root = {line[66:]: line[:64] for line in lines}, int(size), unpacked(root)
    found = {name: sha256(body).hex() for name, body in data.items() if name != "manifest"}
    wrong = sorted(n for n in {*listed, *found} if listed.get(n) != found.get(n))
    need(not wrong, f"{wrong} changed, missing or not of this bundle")
    for name in sorted(n for n in listed if re.fullmatch("(entries|records)/.+json", n)):
        proof, _, note = text(name[:-4] + "tlog-proof").partition("\n\n")
        _, salt, index, *path = proof.split("\n")
        leaf, place = sha256(b"\x00", unpacked(salt[6:]), data[name]), int(index[6:])
        need(note == newest and 0 <= place < size, f"{name} has no place in the log")
        found = roots_of(place, size, map(unpacked, path), leaf, True)[1]
        need(found == root, f"{name} is not in the log so")
        if name > "records":
            before, said = said.get("id"), json.loads(data[name])
            need(head == f"consent {said['consent_id']} in {log}", f"{name} is of another consent")
            need({*said.get("artifacts", [])} <= {*listed.values()}, f"a part of {name} is missing")
            need(before in (None, said.get("previous")), f"a record before {name} is missing")
    for name in (n for n in listed if re.fullmatch("checkpoints/.+note", n)):
        (origin, old, was, *_), proof = opened(text(name), keys), text(name[:-4] + "consistency")
        path = map(unpacked, proof.partition("\n\n")[0].split("\n")[1:])
        roots = roots_of(int(old) - 1, size, path, unpacked(was), False)
        need(origin == log and roots == (unpacked(was), root), f"{name} is not continued so")
    print(f"Proven: every record here is in the log {log}; key believed: {' or '.join(keys)}")

if __name__ == "__main__":
    try:
        main(pathlib.Path(__file__).parent, *sys.argv[1:])
    except (ValueError, LookupError, TypeError, AttributeError) as fault:
        sys.exit(f"NOT PROVEN: a file is not as it should be: {fault}")
