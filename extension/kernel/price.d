extension/kernel/price.o: extension/kernel/price.cpp \
 extension/kernel/price.h extension/kernel/error.h
extension/kernel/price.h:
extension/kernel/error.h:
