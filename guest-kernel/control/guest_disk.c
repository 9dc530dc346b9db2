/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the syntax of a disk. */
#include "guest-kernel/control/guest_disk.h"

#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/strutil.h"

#define WORD_MAX 80u

/* xen-vbd-interface(7): the first 16 disks with 16 partitions each, and the form for all others. */
#define XVD_MAJOR      202u
#define OLD_DISKS      16u
#define OLD_PARTITIONS 16u
#define EXTENDED       (1u << 28)
#define DISKS_MAX      (1u << 20)
#define PARTITIONS_MAX 256u
#define LETTERS        26u

/* What was said so far. */
struct words {
    char target[WORD_MAX], format[WORD_MAX], vdev[WORD_MAX], access[WORD_MAX];
    char kind[WORD_MAX], backend[WORD_MAX];
};

int guest_disk_number(const char *name, uint32_t *number)
{
    uint64_t disk = 0, partition = 0;
    const char *at = name + 3;

    if (!str_starts_with(name, "xvd") || *at < 'a' || *at > 'z')
        return -EINVAL;
    for (; *at >= 'a' && *at <= 'z' && disk < DISKS_MAX; at++)
        disk = disk * LETTERS + (uint64_t)(*at - 'a' + 1);
    disk--;
    if (*at != '\0' && (str_parse_u64(at, &partition) != 0 || partition == 0))
        return -EINVAL;
    if (disk >= DISKS_MAX || partition >= PARTITIONS_MAX)
        return -EINVAL;
    if (disk < OLD_DISKS && partition < OLD_PARTITIONS)
        *number = (uint32_t)(XVD_MAJOR << 8 | disk << 4 | partition);
    else
        *number = (uint32_t)(EXTENDED | disk << 8 | partition);
    return 0;
}

/* Takes "key=value". -ENOENT: no such key. */
static int take_named(struct words *words, const char *word)
{
    const struct {
        const char *key;
        char *to;
    } keys[] = {{"target=", words->target}, {"format=", words->format},
                {"vdev=", words->vdev},     {"access=", words->access},
                {"devtype=", words->kind},  {"backendtype=", words->backend}};

    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        if (str_starts_with(word, keys[i].key)) {
            str_copy(keys[i].to, WORD_MAX, word + strlen(keys[i].key));
            return 0;
        }
    }
    return -ENOENT;
}

/* Takes what stands at its place: target, format, vdev, access; the format may be left out. */
static int take_placed(struct words *words, const char *word, unsigned int *place)
{
    char *const to[] = {words->target, words->format, words->vdev, words->access};

    if (*place == 1 && str_starts_with(word, "xvd"))
        ++*place;
    if (*place >= ARRAY_COUNT(to))
        return -EINVAL;
    str_copy(to[(*place)++], WORD_MAX, word);
    return 0;
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
    return word[0] == '\0' || strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

static const char *check(struct guest_disk *disk, const struct words *words)
{
    const char *target = words->target;

    if (str_starts_with(target, "phy:"))
        target += strlen("phy:");
    if (target[0] == '\0' || !str_copy(disk->target, sizeof(disk->target), target))
        return "the target is a volume's name: \"volumes\" shows what there is";
    if (!str_copy(disk->name, sizeof(disk->name), words->vdev) ||
        guest_disk_number(disk->name, &disk->number) != 0)
        return "vdev is xvda, xvdb and so on, or xvda1 for a partition";
    if (!is_one_of(words->format, "raw", "raw"))
        return "the format is raw";
    if (!is_one_of(words->kind, "disk", "disk"))
        return "devtype is disk";
    if (!is_one_of(words->backend, "phy", "phy"))
        return "backendtype is phy";
    disk->is_write = is_one_of(words->access, "w", "rw");
    if (!disk->is_write && !is_one_of(words->access, "r", "ro"))
        return "access is r or w";
    return NULL;
}

int guest_disk_read(struct guest_disk *disk, const char *text, char *why, size_t size)
{
    struct words words = {.target = ""};
    const char *wrong = NULL;
    unsigned int place = 0;
    char word[WORD_MAX];

    for (const char *at = text; at != NULL && wrong == NULL;) {
        at = str_next_item(at, word, sizeof(word));
        if (strchr(word, '=') != NULL) {
            if (take_named(&words, word) != 0)
                wrong = "the keys are target, vdev, access and format";
        } else if (take_placed(&words, word, &place) != 0) {
            wrong = "it has more than target, format, vdev and access";
        }
    }
    if (wrong == NULL)
        wrong = check(disk, &words);
    if (wrong == NULL)
        return 0;
    format_str(why, size, "disk \"%s\": %s", text, wrong);
    return -EINVAL;
}
