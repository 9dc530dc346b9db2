/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the columns of `network-list` and `bridges`. */
#include "guest-kernel/control/manage.h"
#include "guest-kernel/control/shell_show.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/strutil.h"

#define ADDRESS_TEXT 18u

static const char *address_text(const uint8_t *address, char text[ADDRESS_TEXT])
{
    format_str(text, ADDRESS_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", address[0], address[1],
               address[2], address[3], address[4], address[5]);
    return text;
}

/* Says why a list ended, unless it was at its end. */
static int ended(struct shell_output *output, const struct manage_answer *answer)
{
    if (answer->status == -ENOENT)
        return 0;
    shell_printf(output, "%s.\n", answer->sentence);
    return answer->status;
}

/* As xl prints it. */
int show_vifs(struct shell_output *output, const char *target)
{
    static struct manage_answer answer;
    struct manage_request request = {.verb = MANAGE_VIF};
    const struct manage_vif *vif = &answer.u.vif;
    char address[ADDRESS_TEXT];
    int err = show_set_target(&request, target, output);

    if (err != 0)
        return err;
    for (;; request.number++) {
        manage(&request, &answer);
        if (request.number == 0 && (answer.status == 0 || answer.status == -ENOENT))
            shell_printf(output, "%-3s %-2s %-17s %-6s %-5s %-6s %5s/%-5s %-30s\n", "Idx", "BE",
                         "Mac Addr.", "handle", "state", "evt-ch", "tx-", "rx-ring-ref", "BE-path");
        if (answer.status != 0)
            return ended(output, &answer);
        shell_printf(output, "%-3u %-2u %s %6u %5lld %6lld %5lld/%-11lld ", vif->number, 0u,
                     address_text(vif->address, address), vif->number, (long long)vif->state,
                     (long long)vif->port, (long long)vif->tx_ref, (long long)vif->rx_ref);
        shell_printf(output, "/local/domain/0/backend/vif/%u/%u\n", vif->domid, vif->number);
    }
}

/* Cards have a cable. */
static const char *link_text(const struct manage_port *port)
{
    if (!port->is_uplink)
        return "-";
    return port->has_link ? "up" : "down";
}

static int show_ports(struct shell_output *output)
{
    static struct manage_answer answer;
    struct manage_request request = {.verb = MANAGE_PORT};
    const struct manage_port *port = &answer.u.port;
    char address[ADDRESS_TEXT];

    shell_printf(output, "%-15s %-10s %-17s %5s %4s %5s %10s %10s %8s %8s %8s\n", "Bridge", "Port",
                 "Mac Addr.", "MTU", "Link", "Known", "In", "Out", "Dropped", "Too-long", "Bad");
    for (;; request.number++) {
        manage(&request, &answer);
        if (answer.status != 0)
            return ended(output, &answer);
        shell_printf(
            output, "%-15s %-10s %s %5u %4s %5u %10llu %10llu %8llu %8llu %8llu\n", port->bridge,
            port->name, address_text(port->address, address), port->mtu, link_text(port),
            port->learned_count, (unsigned long long)port->counters.frames_in,
            (unsigned long long)port->counters.frames_out,
            (unsigned long long)port->counters.dropped, (unsigned long long)port->counters.too_long,
            (unsigned long long)port->counters.bad);
    }
}

int show_bridges(struct shell_output *output, const char *port)
{
    static struct manage_answer answer;
    struct manage_request request = {.verb = MANAGE_ADDRESS};
    char address[ADDRESS_TEXT];

    int err;

    if (port == NULL)
        return show_ports(output);
    err = show_set_target(&request, port, output);
    if (err != 0)
        return err;
    for (;; request.number++) {
        manage(&request, &answer);
        if (answer.status != 0)
            return ended(output, &answer);
        shell_printf(output, "%s %6llu s\n", address_text(answer.u.address.address, address),
                     (unsigned long long)answer.u.address.age_seconds);
    }
}
