extension/kernel/call_filter.o: extension/kernel/call_filter.cpp \
 extension/kernel/call_filter.h extension/kernel/call.h \
 extension/kernel/address.h extension/kernel/time.h
extension/kernel/call_filter.h:
extension/kernel/call.h:
extension/kernel/address.h:
extension/kernel/time.h:
