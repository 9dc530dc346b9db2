/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains from their configuration to their end, on the fake hypervisor (fake_hv.h). The sources
 * under test are the builder's and the table of domains.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/build_layout.h"
#include "guest-kernel/control/builder.h"
#include "guest-kernel/control/domains.h"
#include "tests/fake/control/fake_hv.h"
#include "guest-kernel/control/modules.h"
#include "lib/elf.h"
#include "lib/errno.h"
#include "pv-abi/elfnote.h"
#include "pv-abi/hvm_params.h"
#include "pv-abi/hvm_start_info.h"
#include "pv-abi/domctl.h"
#include "pv-abi/sched.h"

/* A kernel of one segment at 1 MiB with a PVH note. */
static struct {
    struct elf_header header;
    struct elf_segment segments[2];
    struct {
        struct elf_note note;
        char name[4];
        uint32_t entry;
    } note;
    char text[16];
} kernel;
static const char *config_text;

bool module_find(const char *name, struct module *module)
{
    if (strcmp(name, "g.cfg") == 0) {
        module->bytes = (const uint8_t *)config_text;
        module->size = strlen(config_text);
    } else {
        module->bytes = (const uint8_t *)&kernel;
        module->size = sizeof(kernel);
    }
    return strcmp(name, "g.cfg") == 0 || strcmp(name, "kernel") == 0 || strcmp(name, "disk") == 0;
}

#define CONFIG                                                                                     \
    "name='g'\ntype='pvh'\nkernel='kernel'\nramdisk='disk'\nmemory=4\nvcpus=2\n"                   \
    "cpu_weight=512\ncpus='0'\nextra='words'\n"

/* What listeners hear, in order. */
static char heard[4096];

static void hear(const char *what)
{
    strncat(heard, what, sizeof(heard) - strlen(heard) - 2);
    strcat(heard, "; ");
}

static void created(const struct domain *domain)
{
    assert_true(domain->is_used);
    hear("created");
}

static void running(const struct domain *domain)
{
    assert_true(domain->has_run);
    hear("running");
}

static void ended(const struct domain *domain, const char *reason)
{
    assert_string_equal(domain->name, "g");
    hear(reason);
}

/* A guest that goes on writing into the ring of one that has ended. */
static bool is_flooded;
static unsigned int piece_count;

static void output(const struct domain *domain, const char *bytes, size_t size)
{
    char text[64];

    piece_count++;
    if (is_flooded) {
        fake.console.out_prod = fake.console.out_cons + (XENCONS_RING_IDX)sizeof(fake.console.out);
        assert_true(piece_count < 100);
        return;
    }

    assert_string_equal(domain->name, "g");
    snprintf(text, sizeof(text), "\"%.*s\"", (int)size, bytes);
    hear(text);
}

static void refused(const char *config_name, const char *sentence)
{
    assert_string_equal(config_name, "g.cfg");
    hear(sentence);
}

static void gone(const struct domain *domain)
{
    assert_false(domain->is_used);
    hear("gone");
}

static void notice(const char *sentence)
{
    hear(sentence);
}

static struct domains_listener listener = {created, running, ended, output,
                                           refused, notice,  gone,  NULL};

static int setup(void **state)
{
    *state = &fake;
    fake.calls = fake.fail_at = 0;
    heard[0] = '\0';
    config_text = CONFIG;
    return 0;
}

/* Nothing may be alive behind a test. */
static int teardown(void **state)
{
    struct domain *domain = domains_find_name("g");

    assert_ptr_equal(*state, &fake);
    fake.fail_at = 0;
    if (domain != NULL)
        assert_int_equal(domains_destroy(domain, "destroyed"), 0);
    return fake.domains | fake.pages | fake.ports | fake.stores | fake.disks | fake.vifs;
}

static int group_setup(void **state)
{
    *state = &fake;
    kernel.header = (struct elf_header){.magic = ELF_MAGIC,
                                        .class = ELF_CLASS_64,
                                        .data = ELF_DATA_LSB,
                                        .type = ELF_TYPE_EXEC,
                                        .machine = ELF_MACHINE_64,
                                        .phoff = offsetof(__typeof__(kernel), segments),
                                        .phentsize = sizeof(struct elf_segment),
                                        .phnum = 2};
    kernel.segments[0] = (struct elf_segment){.type = ELF_PT_LOAD,
                                              .offset = offsetof(__typeof__(kernel), text),
                                              .paddr = 0x100000,
                                              .filesz = sizeof(kernel.text),
                                              .memsz = 0x2000};
    kernel.segments[1] = (struct elf_segment){.type = ELF_PT_NOTE,
                                              .offset = offsetof(__typeof__(kernel), note),
                                              .filesz = sizeof(kernel.note)};
    kernel.note.note = (struct elf_note){4, 4, XEN_ELFNOTE_PHYS32_ENTRY};
    memcpy(kernel.note.name, "Xen", 4);
    kernel.note.entry = 0x100004;
    memcpy(kernel.text, "code", 4);
    domains_listen(&listener);
    return domains_init();
}

static struct domain *make(bool is_boot)
{
    struct domains_create request = {.config_name = "g.cfg", .is_boot = is_boot};
    char sentence[GUEST_ERROR_MAX] = "";
    struct domain *domain;

    if (domains_create(&request, sentence, &domain) != 0)
        fail_msg("refused: %s", sentence);
    return domain;
}

/* The guest shuts down with a reason. */
static void shut_down(uint32_t reason)
{
    fake.flags = XEN_DOMINF_shutdown | reason << XEN_DOMINF_shutdownshift;
    fake.exception(fake.exception_arg);
    assert_true(domains_have_work());
    domains_step();
}

static void guest_prints(const char *text)
{
    while (*text != '\0')
        fake.console.out[fake.console.out_prod++ % sizeof(fake.console.out)] = *text++;
}

static void test_what_a_new_domain_finds(void **state)
{
    struct hvm_start_info info;

    assert_ptr_equal(*state, &fake);
    make(false);
    assert_string_equal(heard, "created; running; ");
    assert_false(fake.is_paused);
    /* 4 MiB, a page of ACPI tables, two ring pages, the page below 4 GiB. */
    assert_int_equal(fake.frames, 1024 + 1 + 2 + 1);
    assert_int_equal(fake.cpu.rip, 0x100004);
    assert_true(fake.cpu.rbx >= 0x102000);
    memcpy(&info, fake.memory + fake.cpu.rbx, sizeof(info));
    assert_int_equal(info.magic, XEN_HVM_START_MAGIC_VALUE);
    assert_string_equal((char *)fake.memory + info.cmdline_paddr, "words");
    assert_int_equal(info.nr_modules, 1);
    assert_int_equal(info.rsdp_paddr, BUILD_ACPI_GPA);
    assert_memory_equal(fake.acpi, "RSD PTR ", 8);
    for (size_t i = 0; i < PAGE_SIZE; i++)
        assert_int_equal(fake.firmware[i], 0xff);
    assert_memory_equal(fake.memory + 0x100000, "code", 4);
    assert_int_equal(fake.params[HVM_PARAM_CONSOLE_PFN], BUILD_CONSOLE_GFN);
    assert_int_equal(fake.params[HVM_PARAM_STORE_PFN], BUILD_STORE_GFN);
}

static uint64_t frames_seen, frames_step_max;
static unsigned int steps;

static void count_step(void)
{
    if (fake.frames > frames_seen + frames_step_max)
        frames_step_max = fake.frames - frames_seen;
    frames_seen = fake.frames;
    steps++;
}

static void test_others_are_served_while_a_large_domain_is_built(void **state)
{
    assert_ptr_equal(*state, &fake);
    config_text = "name='g'\ntype='pvh'\nkernel='kernel'\nmemory=2048\nvcpus=2\ncpu_weight=512";
    frames_seen = frames_step_max = steps = 0;
    builder_set_meanwhile(count_step);
    make(true);
    builder_set_meanwhile(NULL);
    assert_true(steps >= 128);
    assert_int_equal(frames_step_max, (16u << 20) / PAGE_SIZE);
}

static void test_a_failure_at_any_call_leaves_nothing(void **state)
{
    struct domains_create request = {.config_name = "g.cfg"};
    char sentence[GUEST_ERROR_MAX];
    struct domain *domain;
    unsigned int k = 0;

    assert_ptr_equal(*state, &fake);
    do {
        sentence[0] = '\0';
        fake.calls = 0;
        fake.fail_at = ++k;
        if (domains_create(&request, sentence, &domain) == 0) {
            /* Without a large piece of memory, small ones did. */
            assert_int_equal(domains_destroy(domain, "destroyed"), 0);
            continue;
        }
        assert_string_not_equal(sentence, "");
        assert_int_equal(fake.domains | fake.pages | fake.ports, 0);
        assert_null(domains_find_name("g"));
    } while (fake.calls >= k);
    assert_true(k > 20);
}

static void test_refusals_say_what_is_wrong(void **state)
{
    static const struct {
        const char *config, *sentence;
    } wrongs[] = {
        {"name='g'\ntype='pvh'\nkernel='none'", "no boot module none"},
        {"name='g'\ntype='pvh'\nkernel='kernel'\nramdisk='no'", "no boot module no"},
        {"name='g'\ntype='pvh'\nkernel='g.cfg'\nvcpus=2\ncpu_weight=512", "neither an ELF"},
        {"name='g'\ntype='hvm'\nkernel='kernel'", "type = \"pvh\""},
        {"name='Domain-0'\ntype='pvh'\nkernel='kernel'", "already"},
    };
    struct domains_create request = {.config_name = "g.cfg"};
    char sentence[GUEST_ERROR_MAX];
    struct domain *domain;

    assert_ptr_equal(*state, &fake);
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        config_text = wrongs[i].config;
        assert_int_not_equal(domains_create(&request, sentence, &domain), 0);
        if (strstr(sentence, wrongs[i].sentence) == NULL)
            fail_msg("%s", sentence);
        assert_int_equal(fake.domains, 0);
    }
    request.config_name = "other.cfg";
    assert_int_equal(domains_create(&request, sentence, &domain), -ENOENT);
}

static void test_a_kernel_below_1_mib_is_refused(void **state)
{
    struct domains_create request = {.config_name = "g.cfg"};
    char sentence[GUEST_ERROR_MAX];
    struct domain *domain;

    assert_ptr_equal(*state, &fake);
    kernel.segments[0].paddr = 0x8000;
    kernel.note.entry = 0x8004;
    assert_int_equal(domains_create(&request, sentence, &domain), -EINVAL);
    assert_string_equal(sentence, "g.cfg: its kernel wants to lie below 1 MiB, where no room is "
                                  "for it");
    kernel.segments[0].paddr = 0x100000;
    kernel.note.entry = 0x100004;
}

static void test_a_name_is_used_once(void **state)
{
    struct domains_create request = {.config_name = "g.cfg"};
    char sentence[GUEST_ERROR_MAX];
    struct domain *domain;

    assert_ptr_equal(*state, &fake);
    make(false);
    assert_int_equal(domains_create(&request, sentence, &domain), -EEXIST);
    assert_int_equal(fake.domains, 1);
}

static void test_a_uuid_is_used_once(void **state)
{
    struct domains_create request = {.config_name = "g.cfg"};
    char sentence[GUEST_ERROR_MAX];
    struct domain *domain;

    assert_ptr_equal(*state, &fake);
    config_text = CONFIG "uuid='01234567-89ab-cdef-0123-456789abcdef'\n";
    make(false);
    config_text = CONFIG "uuid='01234567-89ab-cdef-0123-456789abcdef'\nname='other'\n";
    assert_int_equal(domains_create(&request, sentence, &domain), -EEXIST);
    assert_string_equal(sentence, "g.cfg: g has the same uuid: leave it out, or change it");
    assert_int_equal(fake.domains, 1);
}

static void test_power_off_destroys_after_the_last_words(void **state)
{
    assert_ptr_equal(*state, &fake);
    make(true);
    assert_true(domains_boot_left());
    guest_prints("bye");
    shut_down(SHUTDOWN_poweroff);
    assert_string_equal(heard, "created; running; \"bye\"; poweroff; gone; ");
    assert_int_equal(fake.domains, 0);
    assert_false(domains_boot_left());
}

static void test_a_reboot_makes_a_new_domain_with_the_same_console(void **state)
{
    struct domain *domain = make(true);
    domid_t first = fake.domid;
    uint8_t uuid[16];

    assert_ptr_equal(*state, &fake);
    memcpy(uuid, fake.handle, sizeof(uuid));
    guest_prints("one");
    shut_down(SHUTDOWN_reboot);
    assert_string_equal(heard, "created; running; \"one\"; reboot; created; running; ");
    assert_ptr_equal(domains_find_name("g"), domain);
    assert_int_not_equal(domain->domid, first);
    assert_memory_equal(fake.handle, uuid, sizeof(uuid));
    assert_true(domains_boot_left());
    assert_int_equal(domain->console.log_end, 3);
}

static void test_a_reboot_that_fails_ends_the_domain(void **state)
{
    assert_ptr_equal(*state, &fake);
    make(true);
    config_text = "name='g'\ntype='pvh'\nkernel='none'";
    shut_down(SHUTDOWN_reboot);
    assert_non_null(strstr(heard, "no boot module none"));
    assert_non_null(strstr(heard, "gone"));
    assert_false(domains_boot_left());
}

static void test_a_crash_is_explained(void **state)
{
    assert_ptr_equal(*state, &fake);
    make(false);
    shut_down(SHUTDOWN_crash);
    assert_non_null(strstr(heard, "g has crashed: it read nothing"));
    assert_non_null(strstr(heard, "crash; gone"));
}

static void test_preserve_keeps_the_domain(void **state)
{
    assert_ptr_equal(*state, &fake);
    config_text = CONFIG "on_poweroff='preserve'\n";
    make(true);
    shut_down(SHUTDOWN_poweroff);
    assert_string_equal(heard, "created; running; poweroff; ");
    assert_int_equal(fake.domains, 1);
    assert_int_equal(fake.stores, 1);
    assert_int_equal(fake.shut_down, fake.domid);
    assert_false(domains_boot_left());
    /* It has ended once; its destruction is no second end. */
    assert_int_equal(domains_destroy(domains_find_name("g"), "destroyed"), 0);
    assert_string_equal(heard, "created; running; poweroff; gone; ");
}

static void test_a_ring_that_is_filled_by_others_is_not_followed(void **state)
{
    assert_ptr_equal(*state, &fake);
    config_text = CONFIG "on_poweroff='preserve'\n";
    make(false);
    is_flooded = true;
    piece_count = 0;
    fake.console.out_prod = sizeof(fake.console.out);
    shut_down(SHUTDOWN_poweroff);
    assert_true(piece_count >= sizeof(fake.console.out) / GUEST_CONSOLE_PIECE);
    is_flooded = false;
}

static void test_input_waits_for_room(void **state)
{
    struct domain *domain = make(false);
    char text[GUEST_INPUT_MAX];

    assert_ptr_equal(*state, &fake);
    memset(text, 'x', sizeof(text));
    guest_console_type(&domain->console, text, sizeof(text));
    domains_step();
    guest_console_type(&domain->console, "end", 3);
    domains_step();
    assert_int_equal(fake.console.in_prod, sizeof(fake.console.in));
    fake.console.in_cons = 10;
    fake.console_event(fake.console_arg);
    domains_step();
    assert_int_equal(fake.console.in_prod, sizeof(fake.console.in) + 3);
}

#define DOMAIN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DOMAIN_TEST(test_what_a_new_domain_finds),
        DOMAIN_TEST(test_others_are_served_while_a_large_domain_is_built),
        DOMAIN_TEST(test_a_failure_at_any_call_leaves_nothing),
        DOMAIN_TEST(test_refusals_say_what_is_wrong),
        DOMAIN_TEST(test_a_kernel_below_1_mib_is_refused),
        DOMAIN_TEST(test_a_name_is_used_once),
        DOMAIN_TEST(test_a_uuid_is_used_once),
        DOMAIN_TEST(test_power_off_destroys_after_the_last_words),
        DOMAIN_TEST(test_a_reboot_makes_a_new_domain_with_the_same_console),
        DOMAIN_TEST(test_a_reboot_that_fails_ends_the_domain),
        DOMAIN_TEST(test_a_crash_is_explained),
        DOMAIN_TEST(test_preserve_keeps_the_domain),
        DOMAIN_TEST(test_a_ring_that_is_filled_by_others_is_not_followed),
        DOMAIN_TEST(test_input_waits_for_room),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
