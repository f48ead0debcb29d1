extension/kernel/series.o: extension/kernel/series.cpp \
 extension/kernel/series.h extension/kernel/time.h \
 extension/kernel/error.h
extension/kernel/series.h:
extension/kernel/time.h:
extension/kernel/error.h:
