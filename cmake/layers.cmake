# The layer check: an include that points upward, or sideways where it must not, fails the build.
add_custom_target(layer_check ALL
    COMMAND python3 ${PROJECT_SOURCE_DIR}/cmake/check_layers.py ${PROJECT_SOURCE_DIR}
    COMMENT "Checking that includes point down only"
    VERBATIM)
