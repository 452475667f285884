# Asio, its SSL part and Beast are compiled once; whatever links this target only parses their headers.
find_package(OpenSSL 3 REQUIRED)
add_library(understudy_boost STATIC
  cmake/separate_compilation/asio.cpp
  cmake/separate_compilation/beast.cpp)
target_compile_features(understudy_boost PUBLIC cxx_std_20)
target_compile_definitions(understudy_boost PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_VISIBILITY)
target_link_libraries(understudy_boost PUBLIC Boost::headers OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
