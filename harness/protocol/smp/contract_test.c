/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers against their requests: what is taken, and what each broken one is told for. */
#include "protocol/smp/contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct message {
    uint8_t bytes[1024];
    size_t n_bytes;
};

static struct message hex(const char *text)
{
    struct message message = {.n_bytes = 0};

    while (*text) {
        char pair[3] = {text[0], text[1], '\0'};

        if (text[0] == ' ') {
            text++;
            continue;
        }
        message.bytes[message.n_bytes++] = (uint8_t)strtoul(pair, NULL, 16);
        text += 2;
    }
    return message;
}

#define ECHO "0a00000900004200a161646568656c6c6f"
#define ECHO_NUL "0a00000700004200a16164636100 62"
#define PARAMETERS "0800000100000106a0"
#define PARAMETERS_0 "0000000100000106a0"
#define STATE "0800000100010600a0"
#define FIRST "0a00001a00010201 a3 636c656e 190424 636f6666 00 6464617461 45 0102030405"
#define LATER "0a00001200010301 a2 636f6666 1820 6464617461 43 aaaaaa"
#define RESET "0a00000100000705a0"
#define MODE "0800000c00000908 a1 657175657279 646d6f6465"
#define TASKS "0800000100000a02a0"
#define HASH32 "5820 2222222222222222222222222222222222222222222222222222222222222222"
#define MARK "0a00003100010600a2 6468617368 " HASH32 " 67636f6e6669726d f4"
#define ENTRY_OF(slot, version, hash, more)                                                                  \
    "bf 64736c6f74 " slot " 6776657273696f6e " version " 6468617368 " hash more " ff"
#define HASH_OTHER "5820 3333333333333333333333333333333333333333333333333333333333333333"
#define SIXTEEN "22222222222222222222222222222222"
#define WHOLE_OF(len) "0a00001600010201 a3 636c656e " len " 636f6666 00 6464617461 45 0102030405"
#define STATES "0900000000010600 a1 66696d61676573 "
#define V123 "65312e322e33"

/* answer: header and body, the length filled in where it is 0000 and a body follows. NULL why: it is kept. */
struct row {
    const char *request, *answer, *why;
};

static const struct row rows[] = {
    /* Header. */
    {ECHO, "0b00000000004200 a161726568656c6c6f", NULL},
    {ECHO, "0b00000000004200 bf61726568656c6c6fff", NULL},
    {ECHO, "0300000000004200 a161726568656c6c6f", NULL}, /* a server of old answers in version 0 */
    {ECHO, "0b0000", "3 bytes, shorter than an SMP header"},
    {ECHO, "0900000000004200 a161726568656c6c6f", "op 1 does not answer op 2"},
    {ECHO, "0a00000000004200 a161726568656c6c6f", "op 2 does not answer op 2"},
    {ECHO, "0b00000000014200 a161726568656c6c6f", "it is of group 1, asked was group 0"},
    {ECHO, "0b00000000004201 a161726568656c6c6f", "it is of command 1, asked was command 0"},
    {ECHO, "0b00000000004300 a161726568656c6c6f", "it is of sequence 67, asked was sequence 66"},
    {ECHO, "1b00000000004200 a161726568656c6c6f", "header version 3 answers version 1"},
    {ECHO, "1300000000004200 a161726568656c6c6f", "header version 2 answers version 1"},
    {PARAMETERS_0, "0900000000000106 a162726308", "header version 1 answers version 0"},
    {PARAMETERS_0, "0100000000000106 a162726308", NULL},
    {ECHO, "0b01000000004200 a161726568656c6c6f", "reserved bits or flags"},
    {ECHO, "2b00000000004200 a161726568656c6c6f", "reserved bits or flags"},
    {ECHO, "0b00000800004200 a161726568656c6c6f", "its header says 8 bytes of body, 9 came"},
    {ECHO, "0b00000a00004200 a161726568656c6c6f", "its header says 10 bytes of body, 9 came"},
    {"1a00000900004200a161646568656c6c6f", "0b00000000004200 a16272630d", NULL},
    {"1a00000900004200a161646568656c6c6f", "1b00000000004200 a161726568656c6c6f",
     "header version 3 answers version 3"},
    {"0c00000100004200a0", "0b00000000004200 a162726308", NULL},
    {"0c00000100004200a0", "0d00000000004200 a162726308", "op 5 does not answer op 4"},
    /* Form of the body. */
    {ECHO, "0b00000000004200", "there is no body"},
    {ECHO, "0b00000000004200 80", "the body is an array, not a map"},
    {ECHO, "0b00000000004200 ff001f", "the body is a break, not a map"},
    {ECHO, "0b00000000004200 1c", "the body is not CBOR"},
    {ECHO, "0b00000000004200 a161726568656c6c6f 00", "1 byte behind the map"},
    {ECHO, "0b00000000004200 bf61726568656c6c6fff a0a0", "2 bytes behind the map"},
    {ECHO, "0b00000000004200 bf61726568656c6c6f", "the body is not a CBOR map: cut short"},
    {ECHO, "0b00000000004200 a261726568656c6c6f", "the body is not a CBOR map with keys of text"},
    {ECHO, "0b00000000004200 a20101 61726568656c6c6f", "the body is not a CBOR map with keys of text"},
    {ECHO, "0b00000000004200 a261726568656c6c6f 61726568656c6c6f", "key 'r' is there twice"},
    {ECHO, "0b00000000004200 a361726568656c6c6f 617800 617801", "key 'x' is there twice"},
    {ECHO, "0b00000000004200 a361726568656c6c6f 62787900 617801", NULL},
    {ECHO, "0b00000000004200 a261726568656c6c6f 6178820102", NULL},
    {ECHO, "0b00000000004200 a261726568656c6c6f 62726300", NULL},
    /* Errors. */
    {ECHO, "0b00000000004200 a162726308", NULL},
    {ECHO, "0b00000000004200 a26272630863 72736e 6168", NULL},
    {ECHO, "0b00000000004200 bf63657272bf6567726f75700062726302ffff", NULL},
    {ECHO, "0300000000004200 bf63657272bf6567726f75700062726302ffff",
     "'err' in an answer of header version 0"},
    {ECHO, "0b00000000004200 a1 63657272 a0", "'group' is missing"},
    {ECHO, "0b00000000004200 a1 63657272 a1 6567726f757001", "'rc' is missing"},
    {ECHO, "0b00000000004200 a1 63657272 a2 6567726f757001 62726300", "'err' says that there is no error"},
    {ECHO, "0b00000000004200 a1 63657272 08", "'err' is a number, not a map"},
    {ECHO, "0b00000000004200 a1 627263 6138", "'rc' is text, not a number"},
    {ECHO, "0b00000000004200 a1 627263 20", "'rc' is a negative number, not a number"},
    {ECHO, "0b00000000004200 a2 627263 08 63657272 a2 6567726f757001 62726305",
     "both 'rc' and 'err' are there"},
    /* Echo. */
    {ECHO, "0b00000000004200 a0", "'r' is missing"},
    {ECHO, "0b00000000004200 a161724568656c6c6f", "'r' is bytes, not text"},
    {ECHO, "0b00000000004200 a161726568656c6c70", "byte 4 differs"},
    {ECHO, "0b00000000004200 a161726768656c6c6f 0078", "7 bytes came, 5 were sent"},
    {ECHO_NUL, "0b00000000004200 a16172636100 63", "byte 2 differs"},
    {ECHO_NUL, "0b00000000004200 a16172636100 62", NULL},
    /* Parameters, bootloader, tasks. */
    {PARAMETERS, "0900000000000106 bf686275665f73697a65190180696275665f636f756e7404ff", NULL},
    {PARAMETERS, "0900000000000106 bf686275665f73697a65190180696275665f636f756e7400ff", "'buf_count' is 0"},
    {PARAMETERS, "0900000000000106 bf686275665f73697a6500696275665f636f756e7404ff",
     "'buf_size' 0 holds no message"},
    {PARAMETERS, "0900000000000106 bf686275665f73697a6508696275665f636f756e7404ff",
     "'buf_size' 8 holds no message"},
    {PARAMETERS, "0900000000000106 bf686275665f73697a65190180ff", "'buf_count' is missing"},
    {"0800000100000304a0", "0900000000000304 a0", "'datetime' is missing"},
    {"0a00000100000304a0", "0b00000000000304 a0", NULL}, /* a clock that is set tells nothing */
    {"0800000100080301a0", "0900000000080301 a2 627263 05 636c656e 00",
     NULL}, /* fs tells it beside an error */
    {MODE, "0900000000000908 a1 646d6f6465 20", NULL},
    {MODE, "0900000000000908 a1 6a626f6f746c6f61646572 674d4355626f6f74", "'mode' is missing"},
    {"0800000100000908a0", "0900000000000908 a0", "'bootloader' is missing"},
    {TASKS, "0900000000000a02 a1 657461736b73 a2 60 a1 647072696f 20 6161 a0", NULL},
    {TASKS, "0900000000000a02 a1 657461736b73 a1 6161 a1 647072696f 6130", "'prio' is text, not an integer"},
    {TASKS, "0900000000000a02 a1 657461736b73 a1 01 a0", "a key in 'tasks' is no text"},
    {TASKS, "0900000000000a02 a1 657461736b73 80", "'tasks' is an array, not a map"},
    {RESET, "0b00000000000705 bfff", NULL},
    {RESET, "0b00000000000705 80", "the body is an array, not a map"},
    /* Upload. */
    {FIRST, "0b00000000010201 a1 636f6666 05", NULL},
    {FIRST, "0b00000000010201 a1 636f6666 1820", NULL}, /* it has more of this file already */
    {FIRST, "0b00000000010201 a0", "'off' is missing"},
    {FIRST, "0b00000000010201 a1 636f6666 6135", "'off' is text, not a number"},
    {FIRST, "0b00000000010201 a1 636f6666 190424", "'off' is the whole length after the first chunk"},
    {FIRST, "0b00000000010201 a2 636f6666 190424 656d61746368 f5", NULL}, /* the slot held it before */
    {FIRST, "0b00000000010201 a1 636f6666 190425", "'off' 1061 is beyond the image's 1060 bytes"},
    {FIRST, "0b00000000010201 a2 636f6666 190424 656d61746368 f4",
     "'off' is the whole length after the first chunk"},
    {WHOLE_OF("05"), "0b00000000010201 a1 636f6666 05", NULL},
    {WHOLE_OF("03"), "0b00000000010201 a1 636f6666 05", NULL}, /* more than it announces */
    {"0a00001500010301 a3 636c656e 04 636f6666 1820 6464617461 43 aaaaaa",
     "0b00000000010301 a1 636f6666 1823", NULL},
    {LATER, "0b00000000010301 a2 636f6666 1823 62726300", NULL},
    {LATER, "0b00000000010301 a2 636f6666 1823 62726306", "'off' is there beside an error (rc 6)"},
    {LATER, "0b00000000010301 a2 627263 06 656d61746368 f4",
     NULL}, /* a key that is not owed may stand beside it */
    {LATER, "0b00000000010301 a2 636f6666 1823 656d61746368 00", "'match' is a number, not true or false"},
    /* Image state. */
    {STATE, "0900000000010600 a1 66696d61676573 80", NULL},
    {STATE, "0900000000010600 a0", "'images' is missing"},
    {STATE, "0900000000010600 a1 66696d61676573 a0", "'images' is a map, not an array"},
    {STATE, "0900000000010600 a1 66696d61676573 8100", "an element of 'images' is a number, not a map"},
    {STATE, "0900000000010600 a1 66696d61676573 9f" ENTRY_OF("00", V123, HASH32, "66616374697665f5") "ff",
     NULL},
    {STATE, "0900000000010600 a1 66696d61676573 9f" ENTRY_OF("00", V123, HASH32, "66616374697665f5"),
     "'images' is cut short"},
    {STATE, "0900000000010600 a1 66696d61676573 81" ENTRY_OF("00", V123, "43aabbcc", ""),
     "the hash of slot 0 has 3 bytes"},
    {STATE, "0900000000010600 a1 66696d61676573 81" ENTRY_OF("00", V123, "63616263", ""),
     "'hash' is text, not bytes"},
    {STATE, "0900000000010600 a1 66696d61676573 81" ENTRY_OF("00", "633c3f3e", HASH32, ""),
     "the version '<?>' of slot 0 is none"},
    {STATE, "0900000000010600 a1 66696d61676573 81" ENTRY_OF("00", "653c3f3f3f3e", HASH32, ""), NULL},
    {STATE, "0900000000010600 a1 66696d61676573 81" ENTRY_OF("00", "67312e322e332e34", HASH32, ""), NULL},
    {STATE, "0900000000010600 a1 66696d61676573 81" ENTRY_OF("00", "67312e322e333030", HASH32, ""), NULL},
    {STATE, "0900000000010600 a1 66696d61676573 81" ENTRY_OF("00", "6830312e322e3330", HASH32, ""),
     "the body is not a CBOR map"},
    {STATE, "0900000000010600 a1 66696d61676573 81" ENTRY_OF("00", "6730312e322e3330", HASH32, ""),
     "the version '01.2.30' of slot 0 is none"},
    {STATE, "0900000000010600 a1 66696d61676573 81" ENTRY_OF("00", "673235362e322e33", HASH32, ""),
     "the version '256.2.3' of slot 0 is none"},
    {STATE, "0900000000010600 a1 66696d61676573 81" ENTRY_OF("00", "67312e3235362e33", HASH32, ""),
     "the version '1.256.3' of slot 0 is none"},
    {STATE, "0900000000010600 a1 66696d61676573 81" ENTRY_OF("00", "69312e322e3635353336", HASH32, ""),
     "the version '1.2.65536' of slot 0 is none"},
    {STATE,
     "0900000000010600 a1 66696d61676573 81" ENTRY_OF("00", "70312e322e332e34323934393637323936", HASH32, ""),
     "the version '1.2.3.4294967296' of slot 0 is none"},
    {STATE, "0900000000010600 a1 66696d61676573 81" ENTRY_OF("00", "63312e32", HASH32, ""),
     "the version '1.2' of slot 0 is none"},
    {STATE, "0900000000010600 a1 66696d61676573 81" ENTRY_OF("00", "68312e322e332e3478", HASH32, ""),
     "the version '1.2.3.4x' of slot 0 is none"},
    {STATE, "0900000000010600 a1 66696d61676573 81" ENTRY_OF("00", V123, HASH32, "6661637469766501"),
     "'active' is a number, not true or false"},
    {STATE, "0900000000010600 a1 66696d61676573 81" ENTRY_OF("20", V123, HASH32, ""),
     "'slot' is a negative number, not a number"},
    {STATE, STATES "81" ENTRY_OF("00", V123, "5830" SIXTEEN SIXTEEN SIXTEEN, ""), NULL},
    {STATE, STATES "81" ENTRY_OF("00", V123, "5840" SIXTEEN SIXTEEN SIXTEEN SIXTEEN, ""), NULL},
    {STATE, STATES "81" ENTRY_OF("1b0000010000000000", V123, HASH32, ""), "a value is too large"},
    {STATE, STATES "82" ENTRY_OF("01", V123, HASH32, "") ENTRY_OF("01", V123, HASH32, "65696d61676501"),
     NULL},
    {STATE,
     "0900000000010600 a1 66696d61676573 82" ENTRY_OF("01", V123, HASH32, "")
         ENTRY_OF("01", V123, HASH32, ""),
     "slot 1 of image 0 is there twice"},
    {STATE, "0900000000010600 a1 66696d61676573 81 bf 64736c6f74 00 6776657273696f6e 65312e322e33 ff",
     "the hash of slot 0 has 0 bytes"},
    {STATE,
     "0900000000010600 a2 627263 00 66696d61676573 81 bf 64736c6f74 00 6776657273696f6e 65312e322e33 ff",
     NULL},
    {STATE, "0900000000010600 a1 66696d61676573 81 bf 64736c6f74 00 ff", "'version' is missing"},
    {MARK, "0b00000000010600 a1 66696d61676573 81" ENTRY_OF("01", V123, HASH32, "6770656e64696e67f5"), NULL},
    {MARK, "0b00000000010600 a1 66696d61676573 81" ENTRY_OF("01", V123, HASH32, ""),
     "is not pending (slot 1)"},
    {MARK, "0b00000000010600 a1 66696d61676573 80", "the image that was named is not in the list"},
    {MARK, "0b00000000010600 a1 66696d61676573 81" ENTRY_OF("01", V123, HASH_OTHER, "6770656e64696e67f5"),
     "the image that was named is not in the list"},
    {"0a00003100010600a2 6468617368 " HASH32 " 67636f6e6669726d f5",
     "0b00000000010600 a1 66696d61676573 81" ENTRY_OF("00", V123, HASH32, ""), NULL}, /* confirmed at once */
    {"0a00001000010600 a2 6468617368 40 67636f6e6669726d f5", "0b00000000010600 a1 66696d61676573 80", NULL},
    {"0800003100010600a2 6468617368 " HASH32 " 67636f6e6669726d f4", STATES "80",
     NULL}, /* nothing is marked */
    {MARK, "0b00000000010600 a0", "'images' is missing"},
    {STATE, "0900000000010600 a1 66696d61676573 81" ENTRY_OF("00", V123, HASH32, "64736c6f7400"),
     "key 'slot' is there twice"},
};

static void each_answer_is_kept_or_told_for_what_it_breaks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message request = hex(rows[i].request), answer = hex(rows[i].answer);
        struct rig_smp_decoded decoded;
        char why[RIG_SMP_WHY_BYTES] = "";
        bool kept;

        if (answer.n_bytes >= 8 && answer.bytes[2] == 0 && answer.bytes[3] == 0)
            answer.bytes[3] = (uint8_t)(answer.n_bytes - 8);
        decoded.status = rig_smp_decode_response(answer.bytes, answer.n_bytes, &decoded.response);
        kept = rig_smp_answer_keeps(request.bytes, request.n_bytes, answer.bytes, answer.n_bytes, &decoded,
                                    why, sizeof why);
        if (kept != !rows[i].why || (rows[i].why && !strstr(why, rows[i].why)))
            fail_msg("row %zu (%s): %s, '%s'", i, rows[i].answer, kept ? "kept" : "broken", why);
    }
}

static void a_request_is_found_wherever_it_begins_in_what_was_sent(void **state)
{
    struct message sent = hex("ff ff" ECHO PARAMETERS);
    struct message answer = hex("0900000000000106 a0"), none = hex("0900000000000206 a0");
    size_t n_request = 0;
    const uint8_t *request;

    (void)state;
    request = rig_smp_find_request(sent.bytes, sent.n_bytes, answer.bytes, answer.n_bytes, &n_request);
    assert_int_equal(request - sent.bytes, 19);
    assert_int_equal(n_request, 9);
    assert_null(rig_smp_find_request(sent.bytes, sent.n_bytes, none.bytes, none.n_bytes, &n_request));
    assert_null(rig_smp_find_request(sent.bytes, sent.n_bytes, answer.bytes, 7, &n_request));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_is_kept_or_told_for_what_it_breaks),
        cmocka_unit_test(a_request_is_found_wherever_it_begins_in_what_was_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
