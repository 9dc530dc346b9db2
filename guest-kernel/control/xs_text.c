/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the text forms of docs/store.md; no state. */
#include "guest-kernel/control/xs_text.h"

#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/strutil.h"

size_t xs_text_split(const char *bytes, size_t size, const char **strings, size_t max)
{
    size_t count = 0;

    for (size_t at = 0; at < size; at += strlen(bytes + at) + 1) {
        if (count < max)
            strings[count] = bytes + at;
        count++;
    }
    return count;
}

/* Letters of access by its bits. */
static const char letters[] = {'n', 'r', 'w', 'b'};

int xs_text_parse_perm(const char *text, struct xs_perm *perm)
{
    uint64_t domid;
    uint16_t access = 0;

    while (access < sizeof(letters) && letters[access] != text[0])
        access++;
    if (access == sizeof(letters) || str_to_u64(text + 1, 10, &domid, &text) != 0 ||
        *text != '\0' || domid >= DOMID_FIRST_RESERVED)
        return -EINVAL;
    perm->domid = (domid_t)domid;
    perm->access = access;
    return 0;
}

size_t xs_text_format_perm(char text[XS_PERM_TEXT_MAX], const struct xs_perm *perm)
{
    return format_str(text, XS_PERM_TEXT_MAX, "%c%u", letters[perm->access % sizeof(letters)],
                      perm->domid);
}
