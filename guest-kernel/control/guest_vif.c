/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the syntax of a network interface. */
#include "guest-kernel/control/guest_vif.h"

#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/strutil.h"

#define WORD_MAX 80u

#define BRIDGE_DEFAULT "xenbr0"
/* RFC 791, 3.2: every host takes so many bytes. */
#define MTU_MIN 68u
/* A frame with its header and a VLAN tag is at most XEN_NETIF_MAX_TX_SIZE. */
#define MTU_MAX    (NET_FRAME_MAX - NET_HEADER_SIZE - 4u)
#define NUMBER_MAX 255u

/* A 32-bit FNV-1a hash (draft-eastlake-fnv). */
#define FNV_OFFSET 0x811c9dc5u
#define FNV_PRIME  0x01000193u

static const char *take_mac(struct guest_vif *vif, const char *value)
{
    static const char *const wrong = "mac has the form 00:16:3e:01:02:03, of one card, not 0";
    const uint8_t zero[NET_ADDRESS_SIZE] = {0};

    for (unsigned int i = 0; i < NET_ADDRESS_SIZE; i++) {
        int high = str_hex_digit(value[0]);
        int low = high < 0 ? -1 : str_hex_digit(value[1]);

        if (low < 0 || value[2] != (i == NET_ADDRESS_SIZE - 1 ? '\0' : ':'))
            return wrong;
        vif->address[i] = (uint8_t)(high << 4 | low);
        value += 3;
    }
    vif->has_address = true;
    /* Bit 0 of the first byte stands for a group. */
    if ((vif->address[0] & 1) != 0 || memcmp(vif->address, zero, sizeof(zero)) == 0)
        return wrong;
    return NULL;
}

static const char *take_bridge(struct guest_vif *vif, const char *value)
{
    for (const char *at = value; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~' || *at == '/')
            return "a bridge's name has letters, digits and signs, no blank and no slash";
    }
    if (value[0] == '\0' || !str_copy(vif->bridge, sizeof(vif->bridge), value))
        return "a bridge's name has 1 to 15 bytes";
    return NULL;
}

static const char *take_mtu(struct guest_vif *vif, const char *value)
{
    uint64_t mtu;

    if (str_parse_u64(value, &mtu) != 0 || mtu < MTU_MIN || mtu > MTU_MAX)
        return "mtu is a number from 68 to 65517";
    vif->mtu = (uint32_t)mtu;
    return NULL;
}

static const char *take_number(struct guest_vif *vif, const char *value)
{
    uint64_t number;

    if (str_parse_u64(value, &number) != 0 || number > NUMBER_MAX)
        return "devid is a number from 0 to 255";
    vif->number = (uint32_t)number;
    return NULL;
}

static const char *take_antispoof(struct guest_vif *vif, const char *value)
{
    if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
        return "antispoof is 0 or 1";
    vif->has_antispoof = value[0] == '1';
    return NULL;
}

static const struct key {
    const char *name;
    const char *(*take)(struct guest_vif *vif, const char *value); /* NULL: without effect */
    const char *only; /* the one right value, or NULL */
} keys[] = {{"mac", take_mac, NULL},
            {"bridge", take_bridge, NULL},
            {"mtu", take_mtu, NULL},
            {"devid", take_number, NULL},
            {"antispoof", take_antispoof, NULL},
            {"type", NULL, "vif"},
            {"backend", NULL, "0"},
            {"rate", NULL, NULL},
            {"ip", NULL, NULL},
            {"script", NULL, NULL},
            {"model", NULL, NULL},
            {"vifname", NULL, NULL},
            {"gatewaydev", NULL, NULL},
            {"netdev", NULL, NULL},
            {"trusted", NULL, NULL},
            {"untrusted", NULL, NULL}};

static const char *take(struct guest_vif *vif, const char *word, struct guest_vif_report *report)
{
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        const struct key *key = &keys[i];
        size_t length = strlen(key->name);
        const char *value;

        if (!str_starts_with(word, key->name) || (word[length] != '=' && word[length] != '\0'))
            continue;
        value = word[length] == '=' ? word + length + 1 : "";
        if (key->take != NULL)
            return key->take(vif, value);
        if (key->only != NULL)
            return strcmp(value, key->only) == 0 ? NULL : "type is vif, and backend is 0";
        format_str(report->warning, sizeof(report->warning), "vif %u: %s has no effect",
                   vif->number, key->name);
        return NULL;
    }
    return "the keys are mac, bridge, mtu, devid and antispoof";
}

int guest_vif_read(struct guest_vif *vif, const char *text, uint32_t number,
                   struct guest_vif_report *report)
{
    const char *wrong = NULL;
    char word[WORD_MAX];

    *vif = (struct guest_vif){.number = number, .bridge = BRIDGE_DEFAULT, .mtu = NET_MTU_DEFAULT};
    report->warning[0] = '\0';
    for (const char *at = text; at != NULL && wrong == NULL;) {
        at = str_next_item(at, word, sizeof(word));
        if (word[0] != '\0')
            wrong = take(vif, word, report);
    }
    if (wrong == NULL)
        return 0;
    format_str(report->why, sizeof(report->why), "vif \"%s\": %s", text, wrong);
    return -EINVAL;
}

void guest_vif_make_address(struct guest_vif *vif, const uint8_t uuid[16])
{
    const uint8_t number = (uint8_t)vif->number;
    uint32_t hash = FNV_OFFSET;

    for (unsigned int i = 0; i < 16; i++)
        hash = (hash ^ uuid[i]) * FNV_PRIME;
    hash = (hash ^ number) * FNV_PRIME;
    hash ^= hash >> 24;
    vif->address[0] = 0x00; /* Xen's prefix: xl-network-configuration(5), "mac" */
    vif->address[1] = 0x16;
    vif->address[2] = 0x3e;
    vif->address[3] = (uint8_t)(hash >> 16);
    vif->address[4] = (uint8_t)(hash >> 8);
    vif->address[5] = (uint8_t)hash;
    vif->has_address = true;
}
