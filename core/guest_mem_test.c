/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest memory: translation in every paging mode with the rights of the guest's kernel, pins across
 * pages, the cache of guest frames, guest-physical access. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/domain.h"
#include "core/guest_mem.h"
#include "lib/cpu_bits.h"
#include "lib/errno.h"
#include "tests/fake/fake_cpu.h"
#include "tests/fake/fake_memory.h"

#define FRAMES    16u /* guest frames 0 .. 15 are RAM */
#define HYP_PAGES 64u
#define GFN(n)    ((gfn_t){n})
#define GVA(n)    ((gva_t){n})
#define KERNEL    UINT64_C(0xffff888000000000)

#define P  UINT64_C(1)
#define W  UINT64_C(2)
#define U  UINT64_C(4)
#define L  UINT64_C(0x80)
#define NX (UINT64_C(1) << 63)

#define CR0_PAGING UINT64_C(0x80010001) /* PG, WP, PE */

static struct domain *d;
static mfn_t mfns[FRAMES];

static uint64_t *table(unsigned gfn)
{
    return (uint64_t *)(void *)fake_frame(mfns[gfn]);
}

/* The guest has run. */
static void begin_exit(void)
{
    this_cpu()->pins_checked = 0;
}

static int copy_out(gva_t to, const void *from, size_t size)
{
    struct guest_pin pin;
    int error = guest_pin(WINDOW_DATA0, to, size, true, &pin);

    if (error == 0)
        guest_pin_put(&pin, from);
    return error;
}

static bool is_known(uint64_t gfn)
{
    return d->vcpu[0]->known[gfn % VCPU_KNOWN_FRAMES].tag != 0;
}

/* Tables in frames 1 to 4; KERNEL maps frames 8 to 11: writable, read only, user, writable. */
static void make_tables(void)
{
    table(1)[273] = 2 << PAGE_SHIFT | P | W | U;
    table(2)[0] = 3 << PAGE_SHIFT | P | W | U;
    table(3)[0] = 4 << PAGE_SHIFT | P | W | U;
    table(4)[0] = 8 << PAGE_SHIFT | P | W;
    table(4)[1] = 9 << PAGE_SHIFT | P | NX;
    table(4)[2] = 10 << PAGE_SHIFT | P | W | U;
    table(4)[3] = 11 << PAGE_SHIFT | P | W;
    table(3)[1] = P | W | L; /* 2 MiB at guest-physical 0 */
    fake_paging = (struct guest_paging){.cr0 = CR0_PAGING,
                                        .cr3 = 1 << PAGE_SHIFT,
                                        .cr4 = CR4_PAE,
                                        .efer = EFER_LMA,
                                        .is_long = true};
}

static int setup(UNUSED void **state)
{
    fake_idle();
    d = fake_domain_create(64, HYP_PAGES);
    for (uint64_t i = 0; i < FRAMES; i++) {
        assert_int_equal(p2m_prepare(d, GFN(i), 0, P2M_ANY), 0);
        assert_int_equal(frame_alloc(d, 0, &mfns[i]), 0);
        p2m_set(d, GFN(i), 0, mfns[i], P2M_RAM);
    }
    make_tables();
    fake_on_load = NULL;
    fake_load(d->vcpu[0]);
    p2m_enter(d->vcpu[0]);
    begin_exit();
    return 0;
}

static int teardown(UNUSED void **state)
{
    fake_load(NULL);
    fake_domain_destroy(d);
    return 0;
}

static int translate(uint64_t gva, unsigned access)
{
    gpa_t gpa;
    int error = guest_translate(GVA(gva), access, &gpa);

    return error != 0 ? error : (int)gpa.v;
}

static void test_long_mode(UNUSED void **state)
{
    assert_int_equal(translate(KERNEL + 0x123, PT_READ), 0x8123);
    assert_int_equal(translate(KERNEL + 0x123, PT_WRITE), 0x8123);
    assert_int_equal(translate(KERNEL + 0x1fff, PT_READ), 0x9fff);
    assert_int_equal(translate(KERNEL + 0x1fff, PT_WRITE), -EFAULT);
    assert_int_equal(translate(KERNEL + 0x1fff, PT_EXEC), -EFAULT);
    assert_int_equal(translate(KERNEL + CHUNK_SIZE + 0x5678, PT_WRITE), 0x5678);
    assert_int_equal(translate(KERNEL + 0x4000, PT_READ), -EFAULT);
    assert_int_equal(translate(KERNEL & ~(UINT64_C(1) << 63), PT_READ), -EFAULT);
}

static void test_write_protection_can_be_off(UNUSED void **state)
{
    fake_paging.cr0 &= ~CR0_WP;
    assert_int_equal(translate(KERNEL + 0x1000, PT_WRITE), 0x9000);
}

static void test_smap_is_honoured(UNUSED void **state)
{
    assert_int_equal(translate(KERNEL + 0x2000, PT_WRITE), 0xa000);
    fake_paging.cr4 |= CR4_SMAP;
    assert_int_equal(translate(KERNEL + 0x2000, PT_READ), -EFAULT);
    assert_int_equal(translate(KERNEL, PT_READ), 0x8000);
    fake_paging.rflags = RFLAGS_AC;
    assert_int_equal(translate(KERNEL + 0x2000, PT_WRITE), 0xa000);
}

static void test_user_code_has_users_rights(UNUSED void **state)
{
    fake_paging.cpl = 3;
    assert_int_equal(translate(KERNEL, PT_READ), -EFAULT);
    assert_int_equal(translate(KERNEL + 0x2000, PT_EXEC), 0xa000);
}

static void test_pae(UNUSED void **state)
{
    /* Three levels from frame 5, offset 0x40: the directory in frame 3 at 1 GiB. */
    table(5)[8 + 1] = 3 << PAGE_SHIFT | P;
    fake_paging = (struct guest_paging){
        .cr0 = CR0_PAGING, .cr3 = (5 << PAGE_SHIFT) + 0x40, .cr4 = CR4_PAE, .is_long = false};
    assert_int_equal(translate(0x40000123, PT_WRITE), 0x8123);
    assert_int_equal(translate(UINT64_C(0xff40000123), PT_WRITE), 0x8123);
    assert_int_equal(translate(0x40200010, PT_READ), 0x10);
    assert_int_equal(translate(0x123, PT_READ), -EFAULT);
}

static void test_32_bit_paging(UNUSED void **state)
{
    uint32_t *directory = (uint32_t *)(void *)fake_frame(mfns[6]);
    uint32_t *small = (uint32_t *)(void *)fake_frame(mfns[7]);

    directory[1] = 7 << PAGE_SHIFT | 3;
    directory[2] = 0x83; /* 4 MiB at 0 */
    small[2] = 12 << PAGE_SHIFT | 3;
    fake_paging = (struct guest_paging){
        .cr0 = CR0_PAGING, .cr3 = 6 << PAGE_SHIFT, .cr4 = CR4_PSE, .is_long = false};
    assert_int_equal(translate(0x402abc, PT_WRITE), 0xcabc);
    assert_int_equal(translate(0x80e123, PT_WRITE), 0xe123);
    fake_paging.cr4 = 0;
    assert_int_equal(translate(0x402abc, PT_WRITE), 0xcabc);
    assert_int_equal(translate(0x80e123, PT_WRITE), -EFAULT);
}

static void test_no_paging(UNUSED void **state)
{
    fake_paging = (struct guest_paging){.cr0 = 1, .is_long = false};
    assert_int_equal(translate(0x8123, PT_WRITE), 0x8123);
    assert_int_equal(translate(UINT64_C(0x100008123), PT_WRITE), 0x8123);
}

static void test_a_pin_across_pages(UNUSED void **state)
{
    struct guest_pin pin;
    char text[32] = "0123456789abcdef", back[32] = "";

    assert_int_equal(guest_pin(WINDOW_ARG0, GVA(KERNEL + 0x1000 - 6), 16, true, &pin), -EFAULT);
    assert_int_equal(guest_pin(WINDOW_ARG0, GVA(KERNEL + 0x1000 - 6), 16, false, &pin), 0);
    assert_int_equal(guest_pin(WINDOW_ARG0, GVA(KERNEL + 0x3000 - 6), 16, true, &pin), 0);
    assert_int_equal(pin.part_size[0], 6);
    assert_int_equal(pin.part_size[1], 10);
    guest_pin_put(&pin, text);
    assert_memory_equal(fake_frame(mfns[10]) + PAGE_SIZE - 6, "012345", 6);
    assert_memory_equal(fake_frame(mfns[11]), "6789abcdef", 10);
    guest_pin_get(&pin, back);
    assert_string_equal(back, text);
}

static void test_copies_of_a_page(UNUSED void **state)
{
    static uint8_t out[PAGE_SIZE], back[PAGE_SIZE];

    for (size_t i = 0; i < sizeof(out); i++)
        out[i] = (uint8_t)(i * 7);
    assert_int_equal(copy_out(GVA(KERNEL + 0x2000 + 50), out, sizeof(out)), 0);
    assert_int_equal(guest_copy_in(back, GVA(KERNEL + 0x2000 + 50), sizeof(back)), 0);
    assert_memory_equal(out, back, sizeof(out));
    assert_int_equal(guest_copy_in(back, GVA(KERNEL + 0x3000 + 50), sizeof(back)), -EFAULT);
}

static void test_only_ram_and_shared_pages(UNUSED void **state)
{
    uint64_t value = 5;

    p2m_set(d, GFN(8), 0, mfns[8], P2M_RAM_RO);
    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), -EFAULT);
    assert_int_equal(guest_copy_in(&value, GVA(KERNEL), 8), 0);
    p2m_set(d, GFN(8), 0, mfns[8], P2M_GRANT);
    assert_int_equal(guest_copy_in(&value, GVA(KERNEL), 8), -EFAULT);
    p2m_set(d, GFN(8), 0, mfns[8], P2M_SHARED);
    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), 0);
    p2m_set(d, GFN(8), 0, (mfn_t){FAKE_DEVICE_MFN}, P2M_MMIO);
    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), -EFAULT);
    p2m_set(d, GFN(8), 0, mfns[8], P2M_RAM);
}

static void test_a_changed_p2m_is_seen_at_once(UNUSED void **state)
{
    uint64_t value = 1;

    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), 0);
    p2m_set(d, GFN(8), 0, mfns[12], P2M_RAM);
    value = 2;
    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), 0);
    assert_int_equal(*table(8), 1);
    assert_int_equal(*table(12), 2);
    p2m_set(d, GFN(8), 0, mfns[8], P2M_RAM);
}

static void test_another_cpus_change_is_seen_after_the_next_entry(UNUSED void **state)
{
    uint64_t value = 1;

    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), 0);
    fake_on_cpu(1);
    p2m_set(d, GFN(8), 0, MFN_NONE, P2M_NONE);
    fake_on_cpu(0);
    assert_false(p2m_flush_done(d, atomic_load(&d->p2m.generation)));
    p2m_enter(d->vcpu[0]);
    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), -EFAULT);
    p2m_set(d, GFN(8), 0, mfns[8], P2M_RAM);
}

static void test_the_guest_changes_its_tables(UNUSED void **state)
{
    uint64_t value = 3;

    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), 0);
    /* It runs in between: nothing of a translation outlives that. */
    table(4)[0] = 13 << PAGE_SHIFT | P | W;
    begin_exit();
    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), 0);
    assert_int_equal(*table(13), 3);
    table(4)[0] = 0;
    begin_exit();
    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), -EFAULT);
}

static void test_rights_count_for_a_translation_of_the_same_exit(UNUSED void **state)
{
    uint64_t value = 3;

    assert_int_equal(guest_copy_in(&value, GVA(KERNEL + 0x1000), 8), 0);
    assert_int_equal(copy_out(GVA(KERNEL + 0x1000), &value, 8), -EFAULT);
    assert_int_equal(guest_copy_in(&value, GVA(KERNEL + 0x1000), 8), 0);
    assert_int_equal(guest_copy_in(&value, GVA(KERNEL + CHUNK_SIZE + 0x8000), 8), 0);
    *table(8) = 77;
    assert_int_equal(guest_copy_in(&value, GVA(KERNEL + CHUNK_SIZE + 0x8000), 8), 0);
    assert_int_equal(value, 77);
}

/* Another domain, which has no memory, runs on this CPU. */
static void run_another(struct domain *other)
{
    fake_load(other->vcpu[0]);
    p2m_enter(other->vcpu[0]);
    begin_exit();
}

static void come_back(void)
{
    fake_load(d->vcpu[0]);
    p2m_enter(d->vcpu[0]);
    begin_exit();
}

static void test_frames_are_known_after_another_domain(UNUSED void **state)
{
    struct domain *other = fake_domain_create(4, HYP_PAGES);
    uint64_t value = 5;

    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), 0);
    run_another(other);
    assert_int_equal(guest_copy_in(&value, GVA(KERNEL), 8), -EFAULT);
    come_back();
    assert_true(is_known(8));
    value = 6;
    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), 0);
    assert_int_equal(*table(8), 6);
    fake_domain_destroy(other);
}

static void test_what_was_taken_meanwhile_is_not_known_again(UNUSED void **state)
{
    struct domain *other = fake_domain_create(4, HYP_PAGES);
    uint64_t value = 5;

    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), 0);
    run_another(other);
    p2m_set(d, GFN(8), 0, MFN_NONE, P2M_NONE);
    come_back();
    assert_false(is_known(8));
    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), -EFAULT);
    p2m_set(d, GFN(8), 0, mfns[8], P2M_RAM);
    fake_domain_destroy(other);
}

/* Taken by another CPU while the vCPU was loaded, and not seen before it left. */
static void test_what_others_took_before_is_not_known_again(UNUSED void **state)
{
    struct domain *other = fake_domain_create(4, HYP_PAGES);
    uint64_t value = 5;

    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), 0);
    fake_on_cpu(1);
    p2m_set(d, GFN(8), 0, MFN_NONE, P2M_NONE);
    fake_on_cpu(0);
    /* What this CPU takes itself does not hide it. */
    p2m_set(d, GFN(9), 0, MFN_NONE, P2M_NONE);
    run_another(other);
    come_back();
    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), -EFAULT);
    assert_int_equal(guest_copy_in(&value, GVA(KERNEL + 0x1000), 8), -EFAULT);
    p2m_set(d, GFN(8), 0, mfns[8], P2M_RAM);
    p2m_set(d, GFN(9), 0, mfns[9], P2M_RAM);
    fake_domain_destroy(other);
}

static void test_what_it_gave_up_itself_stays_forgotten(UNUSED void **state)
{
    struct domain *other = fake_domain_create(4, HYP_PAGES);
    uint64_t value = 5;

    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), 0);
    p2m_set(d, GFN(8), 0, MFN_NONE, P2M_NONE);
    run_another(other);
    come_back();
    assert_true(is_known(1));
    assert_false(is_known(8));
    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), -EFAULT);
    p2m_set(d, GFN(8), 0, mfns[8], P2M_RAM);
    fake_domain_destroy(other);
}

/* Another vCPU of the domain runs here in between, and sees what CPU 1 took; the first one has
 * given up a frame itself, one as well. */
static void test_what_others_took_is_not_hidden_by_as_many_of_its_own(UNUSED void **state)
{
    uint64_t value = 5;

    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), 0);
    p2m_set(d, GFN(9), 0, MFN_NONE, P2M_NONE);
    fake_load(d->vcpu[1]);
    p2m_enter(d->vcpu[1]);
    begin_exit();
    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), 0);
    fake_on_cpu(1);
    p2m_set(d, GFN(8), 0, MFN_NONE, P2M_NONE);
    fake_on_cpu(0);
    come_back();
    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), -EFAULT);
    p2m_set(d, GFN(8), 0, mfns[8], P2M_RAM);
    p2m_set(d, GFN(9), 0, mfns[9], P2M_RAM);
}

static void test_a_vcpu_takes_what_it_knows_to_another_cpu(UNUSED void **state)
{
    uint64_t value = 5;

    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), 0);
    fake_load(NULL);
    fake_on_cpu(1);
    come_back();
    assert_true(is_known(8));
    value = 6;
    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), 0);
    assert_int_equal(*table(8), 6);
    fake_load(NULL);
    fake_on_cpu(0);
    come_back();
}

/* The slot that shows it is emptied at the next entry. */
static void test_a_page_table_that_moved_is_walked_anew(UNUSED void **state)
{
    uint64_t value = 5;

    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), 0);
    p2m_set(d, GFN(4), 0, MFN_NONE, P2M_NONE);
    p2m_set(d, GFN(14), 0, mfns[4], P2M_RAM);
    table(3)[0] = 14 << PAGE_SHIFT | P | W | U;
    begin_exit();
    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), 0);
    p2m_enter(d->vcpu[0]);
    begin_exit();
    assert_int_equal(copy_out(GVA(KERNEL), &value, 8), 0);
    p2m_set(d, GFN(4), 0, mfns[4], P2M_RAM);
    p2m_set(d, GFN(14), 0, mfns[14], P2M_RAM);
}

static void test_guest_physical_access(UNUSED void **state)
{
    static uint8_t out[PAGE_SIZE + 8];
    struct domain *other = fake_domain_create(4, HYP_PAGES);

    memset(out, 0x5a, sizeof(out));
    assert_int_equal(guest_phys_write(d, (gpa_t){0xd000 - 4}, out, sizeof(out)), 0);
    assert_memory_equal(out, fake_frame(mfns[12]) + PAGE_SIZE - 4, 4);
    assert_memory_equal(out, fake_frame(mfns[13]), PAGE_SIZE);
    assert_memory_equal(out, fake_frame(mfns[14]), 4);
    assert_int_equal(guest_phys_write(d, (gpa_t){FRAMES << PAGE_SHIFT}, out, 1), -EFAULT);
    assert_int_equal(guest_phys_write(other, (gpa_t){0}, out, 1), -EFAULT);
    fake_domain_destroy(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_long_mode),
        TEST(test_write_protection_can_be_off),
        TEST(test_smap_is_honoured),
        TEST(test_user_code_has_users_rights),
        TEST(test_pae),
        TEST(test_32_bit_paging),
        TEST(test_no_paging),
        TEST(test_a_pin_across_pages),
        TEST(test_copies_of_a_page),
        TEST(test_only_ram_and_shared_pages),
        TEST(test_a_changed_p2m_is_seen_at_once),
        TEST(test_another_cpus_change_is_seen_after_the_next_entry),
        TEST(test_the_guest_changes_its_tables),
        TEST(test_rights_count_for_a_translation_of_the_same_exit),
        TEST(test_frames_are_known_after_another_domain),
        TEST(test_what_was_taken_meanwhile_is_not_known_again),
        TEST(test_what_others_took_before_is_not_known_again),
        TEST(test_what_it_gave_up_itself_stays_forgotten),
        TEST(test_what_others_took_is_not_hidden_by_as_many_of_its_own),
        TEST(test_a_vcpu_takes_what_it_knows_to_another_cpu),
        TEST(test_a_page_table_that_moved_is_walked_anew),
        TEST(test_guest_physical_access),
    };

    return cmocka_run_group_tests(tests, fake_memory_setup, NULL);
}
