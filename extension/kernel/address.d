extension/kernel/address.o: extension/kernel/address.cpp \
 extension/kernel/address.h
extension/kernel/address.h:
