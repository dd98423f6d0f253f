/* brook: a worker in plain C, from docs/protocol.md alone. One file, no library:  cc -O2 -o brook brook.c
 *
 * The language is lines of words. A value is the bytes in which it travels, so nothing is lost on the way through.
 *
 *   # a remark
 *   say TERM...                       prints the terms, and a newline; `write` prints no newline
 *   set NAME TERM                     a variable
 *   add NAME TERM                     text behind the text of a variable
 *   call NAME CAPABILITY KEY TERM...  asks the host; the answer goes into the variable
 *   try NAME CAPABILITY KEY TERM...   the same, but an error goes there too: a map with its kind and its message
 *   each NAME CAPABILITY KEY TERM...  a stream: the lines up to `end` for each chunk
 *   forever                           the lines up to `end`, again and again
 *   return TERM                       ends the script with a value
 *
 * A term is "text" (\n \t \" \\), a number, true, false, nil, a list [TERM...], a map {KEY TERM...}, or a path: a variable
 * with the names of fields or the numbers of places (from 1) behind dots. `TERM or TERM` is the second where the first is
 * nil. `args` is the list of arguments, `named` the map of those with names.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HELLO = 1, CONFIGURE, RUN, OUTPUT, CALL, REPLY, DONE, FAILED, FATAL, SHUTDOWN };
enum { MAX_NAME = 64, MAX_BLOCKS = 32, MAX_TERMS = 32, MAX_SENT = 4 << 20, PIECE = 1 << 20, MAX_LEVELS = 48 };

typedef struct { const unsigned char *at; size_t size; } Bytes;
typedef struct { unsigned char *at; size_t size, room; } Buffer;
typedef struct Variable { struct Variable *next; char name[MAX_NAME]; unsigned char *at; size_t size; } Variable;
typedef struct Piece { struct Piece *next; } Piece;

static size_t frame_cap;           /* of a frame from the host */
static unsigned char *frame;       /* the last one, which `Bytes` of it point into */
static uint64_t next_call = 1, run;
static Variable *variables;
static Piece *pieces;              /* memory of one statement */
static jmp_buf failure;
static char kind[MAX_NAME], message[2048];
static const char *cursor, *stop;  /* what is being read of the source */
static long line;
static int dry, finished;          /* parsing only; `return` was met */
static Bytes result;

static void die(const char *why) {
  dprintf(2, "brook: %s\n", why);
  _exit(1);
}

static void fail(const char *what, const char *form, ...) {
  va_list words;
  snprintf(kind, sizeof kind, "%s", what);
  va_start(words, form);
  vsnprintf(message, sizeof message, form, words);
  va_end(words);
  longjmp(failure, 1);
}

/* ---- memory: of a statement, and of variables ---- */

static void *piece(size_t size) {
  Piece *made = size < SIZE_MAX - sizeof *made ? malloc(sizeof *made + size) : NULL;
  if (!made) fail("memory", "not enough memory");
  made->next = pieces;
  pieces = made;
  return made + 1;
}

static void free_pieces(void) {
  while (pieces) {
    Piece *next = pieces->next;
    free(pieces);
    pieces = next;
  }
}

static void put(Buffer *to, const void *data, size_t size) {
  if (to->size + size > to->room) {
    size_t room = to->room * 2 > to->size + size ? to->room * 2 : to->size + size + 64;
    unsigned char *moved = piece(room);
    if (to->size) memcpy(moved, to->at, to->size);
    to->at = moved;
    to->room = room;
  }
  if (size) memcpy(to->at + to->size, data, size);
  to->size += size;
}

static void put_byte(Buffer *to, unsigned value) {
  unsigned char byte = (unsigned char)value;
  put(to, &byte, 1);
}

static void put_number(Buffer *to, uint64_t value, int width) {
  while (width--) put_byte(to, (unsigned)(value >> (8 * width)) & 255);
}

/* A header of a text (0xd9), of bytes (0xc4), of a list (0xdc) or of a map (0xde). */
static void put_header(Buffer *to, unsigned kind_of, size_t size) {
  unsigned fixed = kind_of == 0xd9 ? 0xa0 : kind_of == 0xdc ? 0x90 : kind_of == 0xde ? 0x80 : 0;
  int wide = kind_of >= 0xdc;
  if (fixed && size < (wide ? 16 : 32)) put_byte(to, fixed + (unsigned)size);
  else if (!wide && size < 256) put_byte(to, kind_of), put_number(to, size, 1);
  else if (size < 65536) put_byte(to, kind_of + !wide), put_number(to, size, 2);
  else put_byte(to, kind_of + 1 + !wide), put_number(to, size, 4);
}

/* Whether it is UTF-8: nothing overlong, no surrogate, nothing beyond U+10FFFF. */
static int is_text(const unsigned char *s, size_t size) {
  for (size_t i = 0; i < size;) {
    unsigned a = s[i], more = a < 0x80 ? 0 : a >= 0xc2 && a < 0xe0 ? 1 : (a & 0xf0) == 0xe0 ? 2 : a >= 0xf0 && a < 0xf5 ? 3 : 9;
    if (more == 9 || i + more >= size) return 0;
    for (unsigned at = 1; at <= more; at++)
      if ((s[i + at] & 0xc0) != 0x80) return 0;
    if ((a == 0xe0 && s[i + 1] < 0xa0) || (a == 0xed && s[i + 1] > 0x9f) || (a == 0xf0 && s[i + 1] < 0x90) ||
        (a == 0xf4 && s[i + 1] > 0x8f)) return 0;
    i += more + 1;
  }
  return 1;
}

static void put_text(Buffer *to, const void *data, size_t size) {
  put_header(to, is_text(data, size) ? 0xd9 : 0xc4, size);
  put(to, data, size);
}

static void put_integer(Buffer *to, int64_t value) {
  put_byte(to, 0xd3);
  put_number(to, (uint64_t)value, 8);
}

/* ---- reading values ---- */

typedef struct { char type; uint64_t number; double real; Bytes text; } Head;  /* type: n b i f s y(bytes) l m */

static uint64_t unsigned_at(const unsigned char *at, int width) {
  uint64_t value = 0;
  while (width--) value = value << 8 | *at++;
  return value;
}

/* Reads the head of the value at `*from`, and the whole of one that holds no others. The host is trusted, its length not. */
static Head take(Bytes *from) {
  static const signed char WIDTHS[32] = {0, -1, 0, 0, 1, 2, 4, -1, -1, -1, 4, 8, 1, 2, 4, 8,
                                         1, 2, 4, 8, -1, -1, -1, -1, -1, 1, 2, 4, 2, 4, 2, 4};
  Head head = {'n', 0, 0, {NULL, 0}};
  if (!from->size) die("a frame of the host ends too early");
  unsigned first = *from->at++;
  from->size--;
  size_t text = 0;
  if (first < 0x80) head.type = 'i', head.number = first;
  else if (first < 0x90) head.type = 'm', head.number = first - 0x80;
  else if (first < 0xa0) head.type = 'l', head.number = first - 0x90;
  else if (first < 0xc0) head.type = 's', text = first - 0xa0;
  else if (first >= 0xe0) head.type = 'i', head.number = (uint64_t)(int64_t)(int)(first - 256);
  else {
    int width = WIDTHS[first - 0xc0];
    if (width < 0 || (size_t)width > from->size) die("a frame of the host holds what no value is");
    uint64_t value = unsigned_at(from->at, width);
    from->at += width;
    from->size -= (size_t)width;
    if (first == 0xc2 || first == 0xc3) head.type = 'b', head.number = first == 0xc3;
    else if (first >= 0xc4 && first <= 0xc6) head.type = 'y', text = value;
    else if (first >= 0xd9 && first <= 0xdb) head.type = 's', text = value;
    else if (first == 0xdc || first == 0xdd) head.type = 'l', head.number = value;
    else if (first == 0xde || first == 0xdf) head.type = 'm', head.number = value;
    else if (first >= 0xcc && first <= 0xcf) head.type = 'i', head.number = value;
    else if (first >= 0xd0) {
      int shift = 64 - 8 * width;
      head.type = 'i', head.number = (uint64_t)((int64_t)(value << shift) >> shift);
    } else if (first == 0xca) {
      uint32_t bits = (uint32_t)value;
      float real;
      memcpy(&real, &bits, 4);
      head.type = 'f', head.real = real;
    } else if (first == 0xcb) head.type = 'f', memcpy(&head.real, &value, 8);
  }
  if (head.type == 's' || head.type == 'y') {
    if (text > from->size) die("a frame of the host ends too early");
    head.text = (Bytes){from->at, text};
    from->at += text;
    from->size -= text;
  }
  return head;
}

/* The whole value at `*from`: its bytes, all that it holds included. */
static Bytes whole(Bytes *from) {
  const unsigned char *begin = from->at;
  for (uint64_t left = 1; left; left--) {
    Head head = take(from);
    if (head.type == 'l') left += head.number;
    if (head.type == 'm') left += 2 * head.number;
  }
  return (Bytes){begin, (size_t)(from->at - begin)};
}

static int is_nil(Bytes value) { return value.size == 1 && value.at[0] == 0xc0; }
static const Bytes NIL = {(const unsigned char *)"\xc0", 1};

/* The field of a map, or the place of a list; nil where there is none. */
static Bytes field(Bytes value, const char *name, size_t size) {
  Head head = take(&value);
  uint64_t place = 0;
  for (size_t i = 0; i < size && name[i] >= '0' && name[i] <= '9' && place < 1000000; i++) place = place * 10 + (uint64_t)(name[i] - '0');
  for (uint64_t i = 1; (head.type == 'l' || head.type == 'm') && i <= head.number; i++) {
    Head key = {0, 0, 0, {NULL, 0}};
    if (head.type == 'm') key = take(&value);
    Bytes item = whole(&value);
    if (head.type == 'l' ? i == place : key.text.size == size && !memcmp(key.text.at, name, size)) return item;
  }
  return NIL;
}

/* ---- frames ---- */

static void write_all(const void *data, size_t size) {
  while (size) {
    ssize_t written = write(1, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) _exit(0);  /* the host is gone */
    data = (const char *)data + written;
    size -= (size_t)written;
  }
}

static void send_frame(Bytes head, Bytes rest) {
  size_t size = head.size + rest.size;
  unsigned char length[4] = {(unsigned char)(size >> 24), (unsigned char)(size >> 16), (unsigned char)(size >> 8), (unsigned char)size};
  write_all(length, 4);
  write_all(head.at, head.size);
  write_all(rest.at, rest.size);
}

static void read_all(unsigned char *to, size_t size) {
  while (size) {
    ssize_t got = read(0, to, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) _exit(0);  /* the host is gone */
    to += got;
    size -= (size_t)got;
  }
}

static void send_fatal(const char *why) {
  unsigned char head[64] = {0x92, FATAL, 0xd9, (unsigned char)strlen(why)};
  memcpy(head + 4, why, strlen(why));
  send_frame((Bytes){head, 4 + strlen(why)}, (Bytes){NULL, 0});
  _exit(1);
}

/* The next frame: its kind, and its fields. */
static unsigned receive(Bytes *fields) {
  unsigned char length[4];
  read_all(length, 4);
  size_t size = (size_t)unsigned_at(length, 4);
  if (size > frame_cap) die("the host sent a frame over its cap");
  free(frame);
  frame = malloc(size + 1);
  if (!frame) send_fatal("memory");
  read_all(frame, size);
  Bytes body = {frame, size};
  Head list = take(&body), number = take(&body);
  if (list.type != 'l' || number.type != 'i' || number.number > SHUTDOWN) die("the host sent what is no frame");
  *fields = body;
  return (unsigned)number.number;
}

static void output(const unsigned char *data, size_t size) {
  while (size) {
    size_t now = size < PIECE ? size : PIECE;
    Buffer head = {NULL, 0, 0};
    put(&head, "\x93\x04\xa6stdout", 9);
    put_header(&head, 0xc4, now);
    send_frame((Bytes){head.at, head.size}, (Bytes){data, now});
    data += now;
    size -= now;
  }
}

/* ---- the language ---- */

static Bytes call(const char *capability, size_t size, Bytes arguments, int caught) {
  Buffer head = {NULL, 0, 0};
  put_byte(&head, 0x94);
  put_byte(&head, CALL);
  uint64_t number = next_call++;
  put_integer(&head, (int64_t)number);
  put_text(&head, capability, size);
  if (head.size + arguments.size > MAX_SENT) fail("validation", "the arguments are more than one frame holds");
  send_frame((Bytes){head.at, head.size}, arguments);
  Bytes fields;
  if (receive(&fields) != REPLY || take(&fields).number != number) die("the host sent no reply to the open call");
  int ok = take(&fields).number == 1;
  Bytes value = whole(&fields);
  if (ok || caught) return value;
  Bytes of_kind = field(value, "kind", 4), words = field(value, "message", 7);
  Head what = take(&of_kind), why = take(&words);
  snprintf(kind, sizeof kind, "%.*s", (int)what.text.size, (const char *)what.text.at);
  snprintf(message, sizeof message, "%.*s", (int)(why.text.size < 2000 ? why.text.size : 2000), (const char *)why.text.at);
  while (!is_text((unsigned char *)message, strlen(message))) message[strlen(message) - 1] = 0;  /* cut in a character */
  longjmp(failure, 1);
}

static Variable *variable(const char *name, size_t size) {
  for (Variable *one = variables; one; one = one->next)
    if (strlen(one->name) == size && !memcmp(one->name, name, size)) return one;
  return NULL;
}

static void assign(const char *name, size_t size, Bytes value) {
  Variable *one = variable(name, size);
  unsigned char *copy = malloc(value.size);
  if (!copy) fail("memory", "not enough memory");
  memcpy(copy, value.at, value.size);
  if (!one) {
    one = calloc(1, sizeof *one);
    if (!one) free(copy), fail("memory", "not enough memory");
    memcpy(one->name, name, size);
    one->next = variables;
    variables = one;
  }
  free(one->at);
  one->at = copy;
  one->size = value.size;
}

static void blanks(void) { while (cursor < stop && (*cursor == ' ' || *cursor == '\t' || *cursor == '\r')) cursor++; }
static int at_end(void) { blanks(); return cursor == stop || *cursor == '#'; }
static int in_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'; }

static size_t word(const char **begin) {
  blanks();
  *begin = cursor;
  while (cursor < stop && in_word(*cursor)) cursor++;
  size_t size = (size_t)(cursor - *begin);
  if (!size || size >= MAX_NAME) fail("syntax", "expected a name");
  return size;
}

static int is(const char *begin, size_t size, const char *wanted) { return strlen(wanted) == size && !memcmp(begin, wanted, size); }

static void text(Buffer *to) {
  Buffer read = {NULL, 0, 0};
  for (cursor++; cursor < stop && *cursor != '"'; cursor++) {
    char c = *cursor;
    if (c == '\\' && ++cursor < stop) c = *cursor == 'n' ? '\n' : *cursor == 't' ? '\t' : *cursor;
    put(&read, &c, 1);
  }
  if (cursor >= stop) fail("syntax", "a text without an end");
  cursor++;
  put_text(to, read.at ? read.at : (unsigned char *)"", read.size);
}

static void term(Buffer *to, int level);

static void pairs(Buffer *to, int level, char end) {
  Buffer inside = {NULL, 0, 0};
  size_t count = 0;
  for (; !(end ? (blanks(), cursor < stop && *cursor == end) : at_end()); count++) {
    if (end != ']') {
      const char *name;
      size_t size = word(&name);
      put_text(&inside, name, size);
    }
    term(&inside, level + 1);
  }
  if (end) cursor++;
  put_header(to, end == ']' ? 0xdc : 0xde, count);
  put(to, inside.at, inside.size);
}

static void path(Buffer *to, const char *begin, size_t size) {
  const char *dot = memchr(begin, '.', size), *end = begin + size;
  size_t name = dot ? (size_t)(dot - begin) : size;
  Variable *one = variable(begin, name);
  if (!one && !dry) fail("runtime", "there is no variable %.*s", (int)name, begin);
  Bytes value = one ? (Bytes){one->at, one->size} : NIL;
  while (dot) {
    const char *from = dot + 1;
    dot = memchr(from, '.', (size_t)(end - from));
    value = field(value, from, (size_t)((dot ? dot : end) - from));
  }
  put(to, value.at, value.size);
}

static void term(Buffer *to, int level) {
  size_t before = to->size;
  if (level > MAX_LEVELS) fail("syntax", "nested too deeply");
  if (at_end()) fail("syntax", "expected a term");
  if (*cursor == '"') text(to);
  else if (*cursor == '[') cursor++, pairs(to, level, ']');
  else if (*cursor == '{') cursor++, pairs(to, level, '}');
  else {
    const char *begin;
    size_t size = word(&begin);
    if ((*begin >= '0' && *begin <= '9') || *begin == '-') {
      char digits[MAX_NAME] = {0}, *end;
      memcpy(digits, begin, size);
      errno = 0;
      long long whole_number = strtoll(digits, &end, 10);
      if (*end || errno) {
        double real = strtod(digits, &end);
        uint64_t bits;
        if (*end) fail("syntax", "%s is no number", digits);
        memcpy(&bits, &real, 8);
        put_byte(to, 0xcb);
        put_number(to, bits, 8);
      } else put_integer(to, whole_number);
    } else if (is(begin, size, "nil")) put_byte(to, 0xc0);
    else if (is(begin, size, "true")) put_byte(to, 0xc3);
    else if (is(begin, size, "false")) put_byte(to, 0xc2);
    else path(to, begin, size);
  }
  blanks();
  if (stop - cursor > 2 && !memcmp(cursor, "or", 2) && (cursor[2] == ' ' || cursor[2] == '\t')) {
    Buffer other = {NULL, 0, 0};
    cursor += 2;
    term(&other, level + 1);
    if (is_nil((Bytes){to->at + before, to->size - before})) {
      to->size = before;
      put(to, other.at, other.size);
    }
  }
}

static void shown(Buffer *to) {
  Buffer value = {NULL, 0, 0};
  char digits[40];
  term(&value, 0);
  Bytes from = {value.at, value.size};
  Head head = take(&from);
  if (head.type == 's' || head.type == 'y') put(to, head.text.at, head.text.size);
  else if (head.type == 'l' || head.type == 'm') fail("runtime", "a list or a map cannot be printed");
  else {
    if (head.type == 'i') snprintf(digits, sizeof digits, "%lld", (long long)head.number);
    else if (head.type == 'f') snprintf(digits, sizeof digits, "%.14g", head.real);
    else snprintf(digits, sizeof digits, "%s", head.type == 'n' ? "nil" : head.number ? "true" : "false");
    put(to, digits, strlen(digits));
  }
}

static const char *source_end, *next_line;

static int read_line(void) {
  if (!next_line || next_line >= source_end) return 0;
  const char *end = memchr(next_line, '\n', (size_t)(source_end - next_line));
  cursor = next_line;
  stop = end ? end : source_end;
  next_line = stop + 1;
  line++;
  return 1;
}

static int block(int level);

/* The lines of a block, once for each chunk or for ever; when it is only parsed, once. */
static void repeated(const char *name, size_t size, Bytes stream, int level) {
  const char *begin = next_line;
  long begun = line;
  unsigned char arguments[80] = {0x81, 0xa6, 's', 't', 'r', 'e', 'a', 'm'};
  if (stream.size > 64) fail("runtime", "a stream has no number");
  memcpy(arguments + 8, stream.at, stream.size);
  Bytes asked = {arguments, 8 + stream.size};
  for (;;) {
    Bytes chunk = NIL;
    if (name && !dry) chunk = call("stream.next", 11, asked, 0);
    if (name && !dry && !is_nil(chunk)) assign(name, size, chunk);
    int last = dry || (name && is_nil(chunk)), was_dry = dry;
    next_line = begin;
    line = begun;
    dry = dry || last;  /* after the last chunk the block is passed over */
    if (!block(level + 1)) fail("syntax", "there is no end of this block");
    dry = was_dry;
    if (last || finished) return;
  }
}

static void statement(const char *verb, size_t size, int level) {
  const char *name, *capability;
  Buffer made = {NULL, 0, 0};
  if (is(verb, size, "say") || is(verb, size, "write")) {
    while (!at_end()) dry ? term(&made, 0) : shown(&made);
    if (size == 3) put_byte(&made, '\n');
    if (!dry) output(made.at, made.size);
  } else if (is(verb, size, "set")) {
    size_t length = word(&name);
    term(&made, 0);
    if (!dry) assign(name, length, (Bytes){made.at, made.size});
  } else if (is(verb, size, "add")) {
    Buffer both = {NULL, 0, 0};
    size_t length = word(&name);
    Variable *one = variable(name, length);
    if (one) {
      Bytes old = {one->at, one->size};
      Head head = take(&old);
      put(&made, head.text.at, head.text.size);
    }
    dry ? term(&made, 0) : shown(&made);
    put_text(&both, made.at, made.size);
    if (!dry) assign(name, length, (Bytes){both.at, both.size});
  } else if (is(verb, size, "call") || is(verb, size, "try") || is(verb, size, "each")) {
    size_t length = word(&name), asked = word(&capability);
    Bytes answer = NIL;
    pairs(&made, 0, 0);
    if (!dry) answer = call(capability, asked, (Bytes){made.at, made.size}, verb[0] == 't');
    if (verb[0] == 'e') repeated(name, length, dry ? NIL : field(answer, "stream", 6), level);
    else if (!dry) assign(name, length, answer);
  } else if (is(verb, size, "forever")) repeated(NULL, 0, NIL, level);
  else if (is(verb, size, "return")) {
    term(&made, 0);
    if (made.size > MAX_SENT - 64) fail("validation", "the result is %zu bytes, more than one frame holds", made.size);
    if (!dry) assign("(result)", 8, (Bytes){made.at, made.size}), finished = 1;
  } else fail("syntax", "%.*s is no statement", (int)size, verb);
  if (!finished && verb[0] != 'e' && verb[0] != 'f' && !at_end()) fail("syntax", "more than the statement takes");
}

/* Runs lines up to `end` or the last one; whether there was an `end`. */
static int block(int level) {
  const char *verb;
  if (level > MAX_BLOCKS) fail("syntax", "too many blocks inside one another");
  while (!finished && read_line()) {
    if (at_end()) continue;
    size_t size = word(&verb);
    if (is(verb, size, "end")) return 1;
    statement(verb, size, level);
    free_pieces();
  }
  return finished;
}

static void whole_script(const char *source, size_t size, int parse_only) {
  next_line = source;
  source_end = source + size;
  line = 0;
  finished = 0;
  dry = parse_only;
  if (block(0) && !finished) fail("syntax", "an end without a block");
}

/* ---- a session ---- */

static void forget(void) {
  free_pieces();
  while (variables) {
    Variable *next = variables->next;
    free(variables->at);
    free(variables);
    variables = next;
  }
}

static void send_failed(void) {
  static unsigned char space[sizeof message + 256];
  Buffer head = {space, 0, sizeof space};  /* enough, so nothing is allocated */
  put(&head, "\x94\x08", 2);
  put_integer(&head, (int64_t)run);
  put(&head, "\x83\xa4kind", 6);
  put_text(&head, kind, strlen(kind));
  put(&head, "\xa7message", 8);
  put_text(&head, message, strlen(message));
  put(&head, "\xa4line", 5);
  put_integer(&head, line > 0 ? line : 1);
  put(&head, "\x80", 1);
  send_frame((Bytes){head.at, head.size}, (Bytes){NULL, 0});
}

static void run_script(Bytes fields) {
  char *volatile source = NULL;
  if (!setjmp(failure)) {
    Head text_of = (run = take(&fields).number, take(&fields));
    take(&fields);
    Bytes given = whole(&fields);
    int check = take(&fields).text.size == 5;  /* "check", and not "run" */
    source = malloc(text_of.text.size + 1);
    if (!source) fail("memory", "not enough memory");
    memcpy(source, text_of.text.at, text_of.text.size);
    assign("args", 4, field(given, "positionals", 11));
    assign("named", 5, field(given, "named", 5));
    whole_script(source, text_of.text.size, 1);
    if (!check) whole_script(source, text_of.text.size, 0);
    Variable *last = variable("(result)", 8);
    result = last ? (Bytes){last->at, last->size} : NIL;
    Buffer head = {NULL, 0, 0};
    unsigned char after[2] = {0xc0, 0x80};
    put(&head, "\x95\x07", 2);
    put_integer(&head, (int64_t)run);
    put(&head, result.at, result.size);
    send_frame((Bytes){head.at, head.size}, (Bytes){after, 2});
  } else {
    free_pieces();
    send_failed();
  }
  free(source);
  forget();
}

int main(int count, char **words) {
  if (count < 3) die("its last two arguments are the engine's name and the memory limit");
  size_t memory = (size_t)strtoull(words[count - 1], NULL, 10), size = strlen(words[count - 2]);
  frame_cap = memory / 4 < (16u << 20) ? memory / 4 : 16u << 20;
  if (size > 200 || setjmp(failure)) die("it cannot start");
  Buffer hello = {NULL, 0, 0};
  put(&hello, "\x95\x01\x01", 3);
  put_text(&hello, words[count - 2], size);
  put(&hello, "\xa7" "brook 1\x82\xa9streaming\xc3\xa5" "check\xc3", 8 + 1 + 11 + 7);
  send_frame((Bytes){hello.at, hello.size}, (Bytes){NULL, 0});
  Bytes fields;
  for (unsigned kind_of = receive(&fields); kind_of != SHUTDOWN; kind_of = receive(&fields)) {
    if (kind_of == CONFIGURE && take(&fields).number != 1) send_fatal("this worker speaks protocol 1");
    else if (kind_of == RUN) run_script(fields);
    else if (kind_of != CONFIGURE) die("the host sent a frame out of its turn");
  }
  return 0;
}
