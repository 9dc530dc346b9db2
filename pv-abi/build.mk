# SPDX-License-Identifier: BSD-2-Clause
# Each header of the ABI compiles alone, with gcc and clang, for 64 and for 32 bit.

PV_ABI_HEADERS := $(wildcard pv-abi/*.h)
PV_ABI_ALONE := $(foreach cc,gcc clang,$(foreach bits,64 32,\
	$(PV_ABI_HEADERS:pv-abi/%.h=$(BUILD)/pv-abi/$(cc)-m$(bits)/%.ok)))

define PV_ABI_RULE
$(BUILD)/pv-abi/$(1)-m$(2)/%.ok: pv-abi/%.h $(PV_ABI_HEADERS)
	@mkdir -p $$(@D)
	@$(1) $(WARN) -ffreestanding -m$(2) -I. -x c -fsyntax-only $$<
	@touch $$@
endef
$(foreach cc,gcc clang,$(foreach bits,64 32,$(eval $(call PV_ABI_RULE,$(cc),$(bits)))))

.PHONY: pv-abi-alone
pv-abi-alone: $(PV_ABI_ALONE)

CHECKS += pv-abi-alone
