# SPDX-License-Identifier: BSD-2-Clause
# Models of protocols between CPUs, checked by spin. Each model holds as it stands and must fail with WEAK defined, which
# takes a barrier away: that shows that it looks at the right thing.

MODELS := $(sort $(wildcard tests/models/*.pml))
MODEL_DIRS := $(MODELS:tests/models/%.pml=$(BUILD)/models/%)

$(BUILD)/models/%: tests/models/%.pml
	@rm -rf $@ && mkdir -p $@/strong $@/weak
	@cd $@/strong && spin -a $(CURDIR)/$< >spin.log && $(CC) -O2 -w -DSAFETY -o pan pan.c && ./pan -m1000000 >pan.log
	@grep -q 'errors: 0' $@/strong/pan.log || { cat $@/strong/pan.log; exit 1; }
	@cd $@/weak && spin -a -DWEAK $(CURDIR)/$< >spin.log && $(CC) -O2 -w -DSAFETY -o pan pan.c && ./pan -m1000000 >pan.log
	@grep -q 'errors: 1' $@/weak/pan.log || { echo "$<: holds without its barrier"; exit 1; }
	@echo "$<: holds, $$(sed -n 's/ *\([0-9.e+]*\) states, stored.*/\1/p' $@/strong/pan.log) states; fails without its barrier"

.PHONY: models test-models
models test-models: $(MODEL_DIRS)
