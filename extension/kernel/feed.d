extension/kernel/feed.o: extension/kernel/feed.cpp \
 extension/kernel/feed.h extension/kernel/call.h \
 extension/kernel/address.h extension/kernel/time.h \
 extension/kernel/error.h extension/kernel/price.h
extension/kernel/feed.h:
extension/kernel/call.h:
extension/kernel/address.h:
extension/kernel/time.h:
extension/kernel/error.h:
extension/kernel/price.h:
